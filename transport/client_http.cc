#include "transport/client_http.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "transport/client_exchange.h"
#include "transport/mcp_headers.h"

namespace carillon::transport {
namespace {

constexpr int kResumptionsMax = 1000;
constexpr Duration kPauseMin = std::chrono::milliseconds{50};
constexpr Duration kPauseUsual = std::chrono::seconds{1};
constexpr Duration kPauseMax = std::chrono::seconds{60};
constexpr Duration kGateTime = std::chrono::seconds{2};

class HttpWire final : public ClientWire {
 public:
  HttpWire(ClientLoop& loop, HttpPools pools, HttpOptions options)
      : loop_(loop), pools_(std::move(pools)), server_(std::make_shared<HttpServerSide>(std::move(options))) {}
  ~HttpWire() override { close(nullptr); }

  std::optional<ClientFailure> open(WireListener& listener) override {
    listener_ = &listener;
    return std::nullopt;
  }

  std::optional<ClientFailure> send(WireMessage message) override {
    auto exchange = std::make_shared<HttpExchange>();
    exchange->headers = headers_of(message);
    exchange->message = std::move(message);
    if (exchange->message.method == "notifications/initialized") return begin_gate(exchange);
    if (gates_.empty()) return begin(exchange);
    hold(exchange);
    return std::nullopt;
  }

  Reached withdraw(std::int64_t request) override {
    const auto found = under_way_.find(request);
    if (found == under_way_.end()) return Reached::maybe;
    const auto exchange = found->second;
    under_way_.erase(found);
    const bool begun = exchange->begun || exchange->kind == ExchangeKind::resume;
    exchange->abandon();
    return begun || exchange->begun ? Reached::maybe : Reached::no;
  }

  void agree(Revision revision) override {
    // Revisions before 2025-06-18 know no such header.
    revision_ = revision >= Revision::v2025_06_18 ? std::string{name_of(revision)} : "";
    if (is_modern(revision)) session_.clear();
  }
  void listen() override {
    const auto exchange = make_get(ExchangeKind::listen, HttpExchange{});
    if (gates_.empty())
      begin_gate(exchange);
    else
      hold(exchange);
  }
  bool closing_cancels() const override { return true; }
  bool can_start_afresh() const override { return false; }

  void close(std::function<void()> gone) override {
    if (listener_ && !session_.empty())
      pools_.exchanges->run([server = server_, headers = headers_of({})] { server->end_session(headers); });
    listener_ = nullptr;
    for (auto& [request, exchange] : under_way_) exchange->abandon();
    for (const auto& exchange : tellings_) exchange->abandon();
    under_way_.clear();
    tellings_.clear();
    gates_.clear();
    held_.clear();
    if (gone) loop_.post(std::move(gone));
  }

 private:
  std::vector<Header> headers_of(const WireMessage& message) const {
    std::vector<Header> headers = server_->options().headers;
    const auto add = [&headers](const char* name, const std::string& value) {
      if (!value.empty()) headers.emplace_back(name, value);
    };
    add("Content-Type", "application/json");
    add("Accept", "application/json, text/event-stream");
    add("MCP-Protocol-Version", revision_);
    add("Mcp-Session-Id", session_);
    if (revision_ != name_of(kNewestModern)) return headers;
    add("Mcp-Method", message.method);
    if (!message.name.empty()) add("Mcp-Name", to_header_value(message.name));
    headers.insert(headers.end(), message.headers.begin(), message.headers.end());
    return headers;
  }

  std::optional<ClientFailure> begin(const std::shared_ptr<HttpExchange>& exchange) {
    if (const auto request = exchange->message.request)
      under_way_[*request] = exchange;
    else
      tellings_.insert(exchange);
    const bool has_own_threads = exchange->kind == ExchangeKind::listen && pools_.listening;
    BlockingPool& pool = has_own_threads ? *pools_.listening : *pools_.exchanges;
    if (pool.run([this, exchange, server = server_, alive = std::weak_ptr<bool>(alive_), &loop = loop_] {
          const auto to_wire = [&loop, alive](std::function<void()> task) {
            loop.post([alive, task = std::move(task)] {
              if (!alive.expired()) task();
            });
          };
          ExchangeEvents events;
          events.answered = [&] {
            if (exchange->kind == ExchangeKind::listen) to_wire([this, exchange] { open_gate(exchange); });
          };
          events.message = [&](std::string text, int status) {
            to_wire([this, exchange, text = std::move(text), status] { deliver(*exchange, text, status); });
          };
          auto failure = server->carry_out(*exchange, events);
          to_wire([this, exchange, failure = std::move(failure)] { over(exchange, failure); });
        }))
      return std::nullopt;
    forget(exchange);
    return ClientFailure{ClientFailureKind::unreachable, "too many HTTP requests are waiting", Reached::no,
                         std::nullopt};
  }

  // What comes after it waits until the server has it: with several connections, the later could overtake it. The wait
  // has an end, because some servers answer a GET only when they have something to say.
  std::optional<ClientFailure> begin_gate(const std::shared_ptr<HttpExchange>& exchange) {
    gates_.insert(exchange);
    loop_.after(kGateTime, [this, exchange, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) open_gate(exchange);
    });
    auto failure = begin(exchange);
    if (failure) open_gate(exchange);
    return failure;
  }

  void hold(const std::shared_ptr<HttpExchange>& exchange) {
    if (exchange->message.request) under_way_[*exchange->message.request] = exchange;
    held_.push_back(exchange);
  }

  void open_gate(const std::shared_ptr<HttpExchange>& exchange) {
    if (gates_.erase(exchange) == 0) return;
    while (gates_.empty() && !held_.empty()) {
      const auto next = held_.front();
      held_.pop_front();
      if (next->abandoned) continue;
      const auto failure = next->kind == ExchangeKind::listen ? begin_gate(next) : begin(next);
      if (failure) end(*next, failure);
    }
  }

  // A GET that goes on where the stream before it ended.
  std::shared_ptr<HttpExchange> make_get(ExchangeKind kind, const HttpExchange& before) {
    auto exchange = std::make_shared<HttpExchange>();
    exchange->kind = kind;
    exchange->resumptions = before.resumptions + 1;
    exchange->message.request = before.message.request;
    exchange->message.timeout = before.message.timeout;
    exchange->headers = server_->options().headers;
    exchange->headers.emplace_back("Accept", "text/event-stream");
    if (!revision_.empty()) exchange->headers.emplace_back("MCP-Protocol-Version", revision_);
    if (!session_.empty()) exchange->headers.emplace_back("Mcp-Session-Id", session_);
    if (!before.last_event_id.empty()) exchange->headers.emplace_back("Last-Event-ID", before.last_event_id);
    exchange->last_event_id = before.last_event_id;
    return exchange;
  }

  void deliver(HttpExchange& exchange, const std::string& text, int status) {
    if (exchange.message.method == "initialize" && !exchange.session.empty()) session_ = exchange.session;
    const auto request = exchange.message.request;
    if (listener_) listener_->on_message(text, request, status);
    // A resumed stream may stay open after the answer; nobody reads on.
    if (exchange.kind == ExchangeKind::resume && listener_ && !listener_->waits_for(*request)) exchange.abandon();
  }

  void over(const std::shared_ptr<HttpExchange>& exchange, const std::optional<ClientFailure>& failure) {
    open_gate(exchange);
    if (listener_ && goes_on(*exchange, failure)) return go_on_later(exchange);
    forget(exchange);
    end(*exchange, failure);
  }

  void end(const HttpExchange& exchange, std::optional<ClientFailure> failure) {
    if (failure && exchange.kind == ExchangeKind::resume) failure->reached = Reached::maybe;  // by the first stream
    if (listener_ && exchange.message.request) listener_->on_exchange_over(*exchange.message.request, failure);
  }

  // Whether a stream that ended is one to come back to: a legacy server may close any stream whose events have ids.
  bool goes_on(const HttpExchange& exchange, const std::optional<ClientFailure>& failure) const {
    const bool broke_off = !failure || failure->kind == ClientFailureKind::died;
    if (!broke_off || exchange.abandoned || revision_ == name_of(kNewestModern)) return false;
    if (exchange.kind == ExchangeKind::listen) return true;
    return exchange.message.request && !exchange.last_event_id.empty() && exchange.resumptions < kResumptionsMax &&
           listener_->waits_for(*exchange.message.request);
  }

  void go_on_later(const std::shared_ptr<HttpExchange>& exchange) {
    const Duration pause = std::clamp(exchange->retry.value_or(kPauseUsual), kPauseMin, kPauseMax);
    loop_.after(pause, [this, exchange, alive = std::weak_ptr<bool>(alive_)] {
      if (alive.expired() || exchange->abandoned || !listener_) return;
      forget(exchange);
      const bool listening = exchange->kind == ExchangeKind::listen;
      if (begin(make_get(listening ? ExchangeKind::listen : ExchangeKind::resume, *exchange)))
        end(*exchange, std::nullopt);
    });
  }

  void forget(const std::shared_ptr<HttpExchange>& exchange) {
    if (exchange->message.request) {
      const auto found = under_way_.find(*exchange->message.request);
      if (found != under_way_.end() && found->second == exchange) under_way_.erase(found);
    }
    tellings_.erase(exchange);
  }

  ClientLoop& loop_;
  const HttpPools pools_;
  std::shared_ptr<HttpServerSide> server_;
  WireListener* listener_ = nullptr;
  std::string revision_, session_;
  std::map<std::int64_t, std::shared_ptr<HttpExchange>> under_way_;  // requests
  std::set<std::shared_ptr<HttpExchange>> gates_;                    // what must arrive before anything else
  std::deque<std::shared_ptr<HttpExchange>> held_;                   // until then
  std::set<std::shared_ptr<HttpExchange>> tellings_;  // notifications, answers of ours, the listening stream
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

bool is_loopback(const HttpAddress& address) {
  return address.host == "localhost" || address.host == "::1" || address.host == "127.0.0.1";
}

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
  const std::string rest =
      url.substr(end, url.find('#') == std::string::npos ? std::string::npos : url.find('#') - end);
  if (rest.empty() || rest.front() != '/') address.path.push_back('/');  // insert() makes g++ 12 at -O2 see an overflow
  address.path += rest;
  for (const char c : url)
    if ((c >= 0 && c <= 0x20) || c == 0x7f) return std::nullopt;
  return address;
}

std::unique_ptr<ClientWire> make_http_wire(ClientLoop& loop, HttpPools pools, HttpOptions options) {
  return std::make_unique<HttpWire>(loop, std::move(pools), std::move(options));
}

}  // namespace carillon::transport
