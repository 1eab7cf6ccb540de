#include "server/delivery/transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>

#include <array>
#include <memory>
#include <new>

#include "server/base/version.h"

namespace carillon::delivery {
namespace {

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
  std::size_t read = 0;
  bool was_private = false;
};

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
    throw std::runtime_error{std::string{"libcurl: "} + curl_easy_strerror(code)};
}

// No byte of an answer is kept; it is read, so that the receiver can finish, up to the limit.
std::size_t on_body(char*, std::size_t size, std::size_t count, void* exchange) {
  auto& own = *static_cast<Exchange*>(exchange);
  own.read += size * count;
  return own.read > own.limits.answer_bytes_max ? 0 : size * count;
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

}  // namespace

Answer post(const Posting& posting, const TransferLimits& limits, const std::stop_token& stop) {
  Exchange exchange{limits, stop};
  const Handle handle = make_handle(exchange);
  const List headers = list_of(posting.headers);
  CURL* raw = handle.get();
  set(raw, CURLOPT_URL, posting.url.c_str());
  set(raw, CURLOPT_PROTOCOLS_STR, "http,https");
  set(raw, CURLOPT_USERAGENT, (std::string{"carillon/"} + std::string{kVersion}).c_str());
  set(raw, CURLOPT_HTTPHEADER, headers.get());
  set(raw, CURLOPT_POSTFIELDS, posting.body.c_str());
  set(raw, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(posting.body.size()));
  const CURLcode code = curl_easy_perform(raw);
  Answer answer;
  long status = 0;
  curl_easy_getinfo(raw, CURLINFO_RESPONSE_CODE, &status);
  // A status is an answer, although the rest of it was too long.
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0)) answer.status = static_cast<int>(status);
  if (answer.status == 0) answer.problem = problem_of(exchange, code);
  curl_off_t after = 0;
  if (curl_easy_getinfo(raw, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
    answer.retry_after = std::chrono::seconds{after};
  return answer;
}

}  // namespace carillon::delivery
