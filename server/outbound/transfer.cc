#include "server/outbound/transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <new>

#include "server/base/version.h"

namespace carillon::outbound {
namespace {

constexpr std::size_t kLineBytesMax = 200;

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;
using List = std::unique_ptr<curl_slist, FreeList>;

// What the callbacks of one exchange share with it.
struct Exchange {
  const TransferLimits& limits;
  const std::stop_token& stop;
  std::size_t read = 0, headers_read = 0;
  bool was_private = false;
  Answer answer{};
  std::string_view to_send{};  // what is left of a mail
  std::string refusal{};       // the last that a mail server said
};

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
    throw std::runtime_error{std::string{"libcurl: "} + curl_easy_strerror(code)};
}

// What nobody keeps is read all the same, so that the receiver can finish, up to the limit.
std::size_t on_body(char* data, std::size_t size, std::size_t count, void* exchange) {
  auto& own = *static_cast<Exchange*>(exchange);
  const std::size_t room = own.limits.answer_bytes_max - own.read, bytes = size * count;
  if (own.limits.keep == Keep::all) own.answer.body.append(data, std::min(bytes, room));
  own.read += std::min(bytes, room);
  own.answer.cut = bytes > room;
  return bytes > room ? 0 : bytes;
}

// A line "name: value"; a status line begins the headers anew, because answers such as "103 Early Hints" may come
// before the one that counts.
std::size_t on_header(char* data, std::size_t size, std::size_t count, void* exchange) {
  auto& own = *static_cast<Exchange*>(exchange);
  const std::size_t bytes = size * count;
  own.headers_read += bytes;
  if (own.headers_read > own.limits.answer_bytes_max) return 0;
  const std::string_view line{data, bytes};
  if (line.starts_with("HTTP/")) own.answer.headers.clear();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || own.limits.keep != Keep::all) return bytes;
  std::string name{line.substr(0, colon)};
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  const auto from = line.find_first_not_of(" \t", colon + 1), to = line.find_last_not_of(" \t\r\n");
  own.answer.headers.emplace_back(std::move(name),
                                  from > to || from == std::string_view::npos ? "" : line.substr(from, to - from + 1));
  return bytes;
}

std::size_t on_mail_wanted(char* buffer, std::size_t size, std::size_t count, void* exchange) {
  auto& own = *static_cast<Exchange*>(exchange);
  const std::size_t bytes = own.to_send.copy(buffer, size * count);
  own.to_send.remove_prefix(bytes);
  return bytes;
}

std::size_t on_line(char* text, std::size_t size, std::size_t count, void* exchange) {
  std::string line{text, std::min(size * count, kLineBytesMax)};
  std::replace_if(
      line.begin(), line.end(), [](unsigned char letter) { return letter < ' ' || letter >= 127; }, ' ');
  line.erase(line.find_last_not_of(' ') + 1);
  if (line.starts_with('4') || line.starts_with('5')) static_cast<Exchange*>(exchange)->refusal = std::move(line);
  return size * count;
}

int on_progress(void* exchange, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(exchange)->stop.stop_requested() ? 1 : 0;
}

curl_socket_t on_open(void* exchange, curlsocktype, curl_sockaddr* address) {
  auto& own = *static_cast<Exchange*>(exchange);
  std::array<char, NI_MAXHOST> text{};
  const bool known =
      ::getnameinfo(&address->addr, address->addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
  if (own.limits.reach == transport::Reach::public_only && (!known || !transport::is_public_address(text.data()))) {
    own.was_private = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Handle make_handle(Exchange& exchange) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  Handle handle{ready == CURLE_OK ? curl_easy_init() : nullptr};
  if (!handle) throw std::bad_alloc{};
  CURL* raw = handle.get();
  set(raw, CURLOPT_NOSIGNAL, 1L);
  set(raw, CURLOPT_PROXY, "");
  set(raw, CURLOPT_FOLLOWLOCATION, 0L);
  set(raw, CURLOPT_TIMEOUT_MS,
      static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(exchange.limits.timeout).count()));
  set(raw, CURLOPT_WRITEFUNCTION, on_body);
  set(raw, CURLOPT_WRITEDATA, &exchange);
  set(raw, CURLOPT_NOPROGRESS, 0L);
  set(raw, CURLOPT_XFERINFOFUNCTION, on_progress);
  set(raw, CURLOPT_XFERINFODATA, &exchange);
  set(raw, CURLOPT_OPENSOCKETFUNCTION, on_open);
  set(raw, CURLOPT_OPENSOCKETDATA, &exchange);
  if (!exchange.limits.ca_file.empty()) set(raw, CURLOPT_CAINFO, exchange.limits.ca_file.c_str());
  return handle;
}

List list_of(const std::vector<std::string>& lines) {
  List list;
  for (const auto& line : lines) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

std::string problem_of(const Exchange& exchange, CURLcode code) {
  if (exchange.was_private) return "its address is private, and the configuration does not name its port";
  if (exchange.stop.stop_requested()) return "it was stopped";
  return curl_easy_strerror(code);
}

Silence silence_of(const Exchange& exchange, CURLcode code) {
  if (exchange.was_private) return Silence::forbidden;
  if (exchange.stop.stop_requested()) return Silence::stopped;
  if (code == CURLE_OPERATION_TIMEDOUT) return Silence::timeout;
  const bool not_reached = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
                           code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION;
  return not_reached ? Silence::not_reached : Silence::broken;
}

}  // namespace

Answer exchange(const Request& request, const TransferLimits& limits, const std::stop_token& stop) {
  Exchange own{limits, stop};
  const Handle handle = make_handle(own);
  const List headers = list_of(request.headers);
  CURL* raw = handle.get();
  set(raw, CURLOPT_URL, request.url.c_str());
  set(raw, CURLOPT_PROTOCOLS_STR, "http,https");
  set(raw, CURLOPT_USERAGENT, (std::string{"carillon/"} + std::string{kVersion}).c_str());
  set(raw, CURLOPT_HTTPHEADER, headers.get());
  set(raw, CURLOPT_HEADERFUNCTION, on_header);
  set(raw, CURLOPT_HEADERDATA, &own);
  if (request.body) {
    set(raw, CURLOPT_POSTFIELDS, request.body->c_str());
    set(raw, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
  }
  if (request.method == "HEAD")
    set(raw, CURLOPT_NOBODY, 1L);
  else
    set(raw, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  const CURLcode code = curl_easy_perform(raw);
  Answer& answer = own.answer;
  long status = 0;
  curl_easy_getinfo(raw, CURLINFO_RESPONSE_CODE, &status);
  // A status is an answer, although the rest of it was too long.
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0)) answer.status = static_cast<int>(status);
  if (answer.status == 0) {
    answer.problem = problem_of(own, code);
    answer.silence = silence_of(own, code);
  }
  curl_off_t began = 0, after = 0;
  answer.may_have_arrived = curl_easy_getinfo(raw, CURLINFO_PRETRANSFER_TIME_T, &began) == CURLE_OK && began > 0;
  if (curl_easy_getinfo(raw, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
    answer.retry_after = std::chrono::seconds{after};
  return std::move(answer);
}

Answer send_mail(const Mail& mail, const TransferLimits& limits, const std::stop_token& stop) {
  Exchange exchange{limits, stop};
  exchange.to_send = mail.text;
  const Handle handle = make_handle(exchange);
  const List recipients = list_of({"<" + mail.to + ">"});
  CURL* raw = handle.get();
  set(raw, CURLOPT_URL, mail.server.c_str());
  set(raw, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(raw, CURLOPT_USE_SSL, static_cast<long>(mail.tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  if (!mail.user.empty()) {
    set(raw, CURLOPT_USERNAME, mail.user.c_str());
    set(raw, CURLOPT_PASSWORD, mail.password.c_str());
  }
  set(raw, CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  set(raw, CURLOPT_MAIL_RCPT, recipients.get());
  set(raw, CURLOPT_UPLOAD, 1L);
  set(raw, CURLOPT_READFUNCTION, on_mail_wanted);
  set(raw, CURLOPT_READDATA, &exchange);
  set(raw, CURLOPT_HEADERFUNCTION, on_line);
  set(raw, CURLOPT_HEADERDATA, &exchange);
  const CURLcode code = curl_easy_perform(raw);
  if (code == CURLE_OK) return {.status = 250};
  long status = 0;
  curl_easy_getinfo(raw, CURLINFO_RESPONSE_CODE, &status);
  const bool about_the_mail =
      code == CURLE_SEND_ERROR || (code == CURLE_WEIRD_SERVER_REPLY && exchange.to_send.empty());
  if (about_the_mail && status >= 400) return {.status = static_cast<int>(status), .problem = exchange.refusal};
  Answer answer{.status = 0, .problem = problem_of(exchange, code)};
  if (status >= 400) answer.problem += " (" + exchange.refusal + ")";
  return answer;
}

}  // namespace carillon::outbound
