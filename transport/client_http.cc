#include "transport/client_http.h"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <set>

#include "server/base/guarded.h"
#include "transport/client_sse.h"
#include "transport/mcp_headers.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kIdleConnectionsMax = 16;
constexpr std::size_t kRefusalBytesMax = 1u << 20;

// One POST: shared by the loop, which may abandon it, and the pool's thread, which carries it out.
struct Exchange {
  WireMessage message;
  httplib::Headers headers;
  std::atomic<bool> abandoned{false};
  std::atomic<bool> begun{false};
  std::mutex mutex;                   // guards `client`
  httplib::Client* client = nullptr;  // while it is under way
  std::string session;                // as the answer names it; set before anything is delivered

  void abandon() {
    abandoned = true;
    const std::lock_guard lock{mutex};
    if (client) client->stop();
  }
};

std::optional<Duration> read_retry_after(const httplib::Response& response) {
  const auto text = response.get_header_value("Retry-After");
  std::int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || seconds < 0) return std::nullopt;  // dates are rare, and clocks disagree
  return std::chrono::seconds{std::min<std::int64_t>(seconds, 86'400)};
}

ClientFailure status_failure(const httplib::Response& response, bool had_session) {
  const int status = response.status;
  ClientFailure failure;
  failure.message = "HTTP status " + std::to_string(status);
  failure.retry_after = read_retry_after(response);
  if (status == 401 || status == 403)
    failure.kind = ClientFailureKind::sign_in;
  else if (status == 404 && had_session)
    failure.kind = ClientFailureKind::session_lost;
  else if (status == 429)
    failure.kind = ClientFailureKind::rate_limited;
  else if (status >= 500)
    failure.kind = ClientFailureKind::unreachable, failure.reached = Reached::maybe;
  else if (status >= 400)
    failure.kind = ClientFailureKind::refused;
  else
    failure.kind = ClientFailureKind::protocol, failure.reached = Reached::maybe;
  return failure;
}

ClientFailure transfer_failure(httplib::Error error, bool abandoned) {
  ClientFailure failure;
  failure.message = httplib::to_string(error);
  const bool before_sending = error == httplib::Error::Connection || error == httplib::Error::ConnectionTimeout ||
                              error == httplib::Error::SSLConnection ||
                              error == httplib::Error::SSLServerVerification ||
                              error == httplib::Error::SSLLoadingCerts || error == httplib::Error::BindIPAddress;
  failure.kind = before_sending ? ClientFailureKind::unreachable : ClientFailureKind::died;
  failure.reached = before_sending ? Reached::no : Reached::maybe;
  if (abandoned) failure.kind = ClientFailureKind::cancelled;
  return failure;
}

// The server as the pool's threads know it: outlives the wire until the last exchange is over.
class HttpServerSide : public std::enable_shared_from_this<HttpServerSide> {
 public:
  using Deliver = std::function<void(std::string text, int status)>;

  explicit HttpServerSide(HttpOptions options) : options_(std::move(options)) {}
  const HttpOptions& options() const { return options_; }

  std::optional<ClientFailure> carry_out(Exchange& exchange, const Deliver& deliver) {
    exchange.begun = true;
    if (exchange.abandoned) return ClientFailure{ClientFailureKind::cancelled, "", Reached::no, std::nullopt};
    auto client = take_connection(exchange.message.timeout);
    set_client(exchange, client.get());
    auto failure = post(*client, exchange, deliver);
    set_client(exchange, nullptr);
    if (!failure) give_back(std::move(client));
    return failure;
  }

  void end_session(const httplib::Headers& headers) {
    auto client = take_connection(std::chrono::seconds{5});
    client->Delete(options_.address.path, headers);
  }

 private:
  static void set_client(Exchange& exchange, httplib::Client* client) {
    const std::lock_guard lock{exchange.mutex};
    exchange.client = client;
  }

  std::optional<ClientFailure> post(httplib::Client& client, Exchange& exchange, const Deliver& deliver) {
    SseReader events{options_.message_bytes_max};
    std::string body;
    bool is_stream = false;
    httplib::Request request;
    request.method = "POST";
    request.path = options_.address.path;
    request.headers = exchange.headers;
    request.body = exchange.message.text;
    int status = 0;
    request.response_handler = [&](const httplib::Response& response) {
      status = response.status;
      exchange.session = response.get_header_value("Mcp-Session-Id");
      is_stream = status < 300 && response.get_header_value("Content-Type").starts_with("text/event-stream");
      return !exchange.abandoned;
    };
    request.content_receiver = [&](const char* data, std::size_t bytes, std::uint64_t, std::uint64_t) {
      if (!is_stream) {
        body.append(data, bytes);
        return !exchange.abandoned && body.size() <= (status < 300 ? options_.message_bytes_max : kRefusalBytesMax);
      }
      for (auto& event : events.take({data, bytes})) deliver(std::move(event), status);
      return !exchange.abandoned && !events.overflowed();
    };
    httplib::Response response;
    auto error = httplib::Error::Success;
    const bool ok = client.send(request, response, error);
    if (!ok) return transfer_failure(error, exchange.abandoned);
    const bool is_json = response.get_header_value("Content-Type").find("json") != std::string::npos;
    const bool refused = status >= 300;
    const bool had_session = exchange.headers.count("Mcp-Session-Id") > 0;
    // 401, 404 of a session, 429 and 5xx say all by their status; the body of the others may be a JSON-RPC error.
    std::optional<ClientFailure> failure;
    if (refused) failure = status_failure(response, had_session);
    const bool body_speaks = !refused || failure->kind == ClientFailureKind::refused;
    if (body_speaks && !is_stream && (is_json || !refused) && !body.empty()) deliver(std::move(body), status);
    return failure;
  }

  std::unique_ptr<httplib::Client> take_connection(Duration timeout) {
    auto client = idle_.with([](auto& idle) -> std::unique_ptr<httplib::Client> {
      if (idle.empty()) return nullptr;
      auto last = std::move(idle.back());
      idle.pop_back();
      return last;
    });
    if (!client) {
      client = std::make_unique<httplib::Client>(options_.address.origin);
      client->set_keep_alive(true);
      client->set_tcp_nodelay(true);
      client->set_url_encode(false);
      client->set_connection_timeout(options_.connect_timeout);
    }
    // The loop ends an exchange whose time is over; this is for the case that its stop() met no socket yet.
    const Duration reading = timeout > Duration::zero() ? timeout + std::chrono::seconds{1} : std::chrono::seconds{60};
    client->set_read_timeout(reading);
    client->set_write_timeout(reading);
    return client;
  }

  void give_back(std::unique_ptr<httplib::Client> client) {
    idle_.with([&](auto& idle) {
      if (idle.size() < kIdleConnectionsMax) idle.push_back(std::move(client));
    });
  }

  HttpOptions options_;
  Guarded<std::vector<std::unique_ptr<httplib::Client>>> idle_;
};

class HttpWire final : public ClientWire {
 public:
  HttpWire(ClientLoop& loop, std::shared_ptr<BlockingPool> pool, HttpOptions options)
      : loop_(loop), pool_(std::move(pool)), server_(std::make_shared<HttpServerSide>(std::move(options))) {}
  ~HttpWire() override { close(nullptr); }

  std::optional<ClientFailure> open(WireListener& listener) override {
    listener_ = &listener;
    return std::nullopt;
  }

  std::optional<ClientFailure> send(WireMessage message) override {
    auto exchange = std::make_shared<Exchange>();
    exchange->headers = headers_of(message);
    exchange->message = std::move(message);
    const auto request = exchange->message.request;
    if (request)
      under_way_[*request] = exchange;
    else
      tellings_.insert(exchange);
    if (pool_->run([this, exchange, server = server_, alive = std::weak_ptr<bool>(alive_), &loop = loop_] {
          const auto to_wire = [&loop, alive](std::function<void()> task) {
            loop.post([alive, task = std::move(task)] {
              if (!alive.expired()) task();
            });
          };
          auto failure = server->carry_out(*exchange, [&](std::string text, int status) {
            to_wire([this, exchange, text = std::move(text), status] { deliver(*exchange, text, status); });
          });
          to_wire([this, exchange, failure = std::move(failure)] { over(exchange, failure); });
        }))
      return std::nullopt;
    forget(exchange);
    return ClientFailure{ClientFailureKind::unreachable, "too many HTTP requests are waiting", Reached::no,
                         std::nullopt};
  }

  Reached withdraw(std::int64_t request) override {
    const auto found = under_way_.find(request);
    if (found == under_way_.end()) return Reached::maybe;
    const auto exchange = found->second;
    under_way_.erase(found);
    const bool begun = exchange->begun;
    exchange->abandon();
    return begun || exchange->begun ? Reached::maybe : Reached::no;
  }

  void agree(Revision revision) override {
    // Revisions before 2025-06-18 know no such header.
    revision_ = revision >= Revision::v2025_06_18 ? std::string{name_of(revision)} : "";
    if (is_modern(revision)) session_.clear();
  }
  bool closing_cancels() const override { return true; }
  bool can_start_afresh() const override { return false; }

  void close(std::function<void()> gone) override {
    if (listener_ && !session_.empty())
      pool_->run([server = server_, headers = headers_of({})] { server->end_session(headers); });
    listener_ = nullptr;
    for (auto& [request, exchange] : under_way_) exchange->abandon();
    for (const auto& exchange : tellings_) exchange->abandon();
    under_way_.clear();
    tellings_.clear();
    if (gone) loop_.post(std::move(gone));
  }

 private:
  httplib::Headers headers_of(const WireMessage& message) const {
    httplib::Headers headers;
    for (const auto& [name, value] : server_->options().headers) headers.emplace(name, value);
    headers.emplace("Content-Type", "application/json");
    headers.emplace("Accept", "application/json, text/event-stream");
    if (!revision_.empty()) headers.emplace("MCP-Protocol-Version", revision_);
    if (!session_.empty()) headers.emplace("Mcp-Session-Id", session_);
    if (revision_ != name_of(kNewestModern)) return headers;
    if (!message.method.empty()) headers.emplace("Mcp-Method", message.method);
    if (!message.name.empty()) headers.emplace("Mcp-Name", to_header_value(message.name));
    for (const auto& [name, value] : message.headers) headers.emplace(name, value);
    return headers;
  }

  void deliver(const Exchange& exchange, const std::string& text, int status) {
    if (exchange.message.method == "initialize" && !exchange.session.empty()) session_ = exchange.session;
    if (listener_) listener_->on_message(text, exchange.message.request, status);
  }

  void over(const std::shared_ptr<Exchange>& exchange, const std::optional<ClientFailure>& failure) {
    forget(exchange);
    const auto request = exchange->message.request;
    if (listener_ && request) listener_->on_exchange_over(*request, failure);
  }

  void forget(const std::shared_ptr<Exchange>& exchange) {
    if (exchange->message.request) under_way_.erase(*exchange->message.request);
    tellings_.erase(exchange);
  }

  ClientLoop& loop_;
  std::shared_ptr<BlockingPool> pool_;
  std::shared_ptr<HttpServerSide> server_;
  WireListener* listener_ = nullptr;
  std::string revision_, session_;
  std::map<std::int64_t, std::shared_ptr<Exchange>> under_way_;  // requests
  std::set<std::shared_ptr<Exchange>> tellings_;                 // notifications and answers of ours
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::optional<HttpAddress> parse_http_address(const std::string& url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return std::nullopt;
  const std::size_t from = secure ? 8 : 7;
  const auto end = std::min(url.find_first_of("/?#", from), url.size());
  HttpAddress address;
  address.origin = url.substr(0, end);
  const std::string authority = url.substr(from, end - from);
  if (authority.empty() || authority.find('@') != std::string::npos) return std::nullopt;
  const bool six = authority.front() == '[';
  const auto colon = six ? authority.find("]:") : authority.find(':');
  address.host = six ? authority.substr(1, authority.find(']') - 1) : authority.substr(0, colon);
  if (address.host.empty()) return std::nullopt;
  if (colon != std::string::npos) {
    const std::string port = authority.substr(colon + (six ? 2 : 1));
    int number = 0;
    const auto [last, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (problem != std::errc{} || last != port.data() + port.size() || number < 1 || number > 65535)
      return std::nullopt;
  }
  address.path = url.substr(end, url.find('#') == std::string::npos ? std::string::npos : url.find('#') - end);
  if (address.path.empty() || address.path.front() != '/') address.path.insert(0, "/");
  for (const unsigned char c : url)
    if (c <= 0x20 || c == 0x7f) return std::nullopt;
  return address;
}

std::unique_ptr<ClientWire> make_http_wire(ClientLoop& loop, std::shared_ptr<BlockingPool> pool, HttpOptions options) {
  return std::make_unique<HttpWire>(loop, std::move(pool), std::move(options));
}

}  // namespace carillon::transport
