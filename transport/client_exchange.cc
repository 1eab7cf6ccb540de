#include "transport/client_exchange.h"

#include <httplib.h>

#include <algorithm>
#include <charconv>

#include "transport/client_sse.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kIdleConnectionsMax = 16;
constexpr std::size_t kRefusalBytesMax = 1u << 20;
constexpr int kRepeatsMax = 3;  // of a request that was not let in

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

// The request itself was not carried out: it was not made, or the server did not let it in.
ClientFailure not_let_in(const Error& why) {
  const bool is_passing = why.code == ErrorCode::unavailable;
  return {is_passing ? ClientFailureKind::unreachable : ClientFailureKind::sign_in, why.message, Reached::no,
          std::nullopt};
}

const char* method_of(const HttpExchange& exchange) { return exchange.kind == ExchangeKind::post ? "POST" : "GET"; }

HttpRefusal refusal_in(const httplib::Response& response) {
  HttpRefusal refusal;
  refusal.status = response.status;
  refusal.dpop_nonce = response.get_header_value("DPoP-Nonce");
  const std::size_t challenges = response.get_header_value_count("WWW-Authenticate");
  for (std::size_t i = 0; i < challenges; ++i)
    refusal.challenges.push_back(response.get_header_value("WWW-Authenticate", i));
  return refusal;
}

httplib::Request request_for(const HttpExchange& exchange, const std::string& path) {
  httplib::Request request;
  request.method = method_of(exchange);
  request.path = path;
  for (const auto& [name, value] : exchange.headers) request.headers.emplace(name, value);
  request.body = exchange.kind == ExchangeKind::post ? exchange.message.text : "";
  return request;
}

}  // namespace

void HttpExchange::abandon() {
  abandoned = true;
  const std::lock_guard lock{mutex_};
  if (client_) client_->stop();
}

void HttpExchange::run_on(httplib::Client* client) {
  const std::lock_guard lock{mutex_};
  client_ = client;
}

struct HttpServerSide::Answer {
  std::vector<Header> credentials;  // that it was given
  httplib::Response response;
  int status = 0;
  bool is_stream = false;
  std::string body;
};

HttpServerSide::HttpServerSide(HttpOptions options) : options_(std::move(options)) {}
HttpServerSide::~HttpServerSide() = default;

Result<std::vector<Header>> HttpServerSide::credentials(const std::string& method) const {
  if (!options_.authorizer) return std::vector<Header>{};
  return options_.authorizer->headers(method, options_.address.origin + options_.address.path);
}

std::optional<ClientFailure> HttpServerSide::carry_out(HttpExchange& exchange, const ExchangeEvents& events) {
  for (int repeats = 0;; ++repeats) {
    auto credentials_given = credentials(method_of(exchange));
    if (!credentials_given) return not_let_in(credentials_given.error());
    exchange.begun = true;
    if (exchange.abandoned) return ClientFailure{ClientFailureKind::cancelled, "", Reached::no, std::nullopt};
    auto client = take_connection(exchange.message.timeout);
    Answer answer;
    answer.credentials = *std::move(credentials_given);
    exchange.run_on(client.get());
    auto failure = transfer(*client, exchange, events, answer);
    exchange.run_on(nullptr);
    if (failure) return failure;
    failure = judge(answer, exchange, events);
    if (!failure) {
      if (options_.authorizer) options_.authorizer->let_in(answer.credentials);
      give_back(std::move(client));
      return std::nullopt;
    }
    if (failure->kind != ClientFailureKind::sign_in || !options_.authorizer || repeats == kRepeatsMax) return failure;
    const auto let_in = options_.authorizer->answer(refusal_in(answer.response), answer.credentials);
    if (!let_in) return not_let_in(let_in.error());
  }
}

std::optional<ClientFailure> HttpServerSide::judge(Answer& answer, const HttpExchange& exchange,
                                                   const ExchangeEvents& events) const {
  const bool refused = answer.status >= 300;
  const bool had_session = std::any_of(exchange.headers.begin(), exchange.headers.end(),
                                       [](const Header& header) { return header.first == "Mcp-Session-Id"; });
  // 401, 404 of a session, 429 and 5xx say all by their status; the body of the others may be a JSON-RPC error.
  std::optional<ClientFailure> failure;
  if (refused) failure = status_failure(answer.response, had_session);
  const bool is_json = answer.response.get_header_value("Content-Type").find("json") != std::string::npos;
  const bool body_speaks = !refused || failure->kind == ClientFailureKind::refused;
  if (body_speaks && !answer.is_stream && (is_json || !refused) && !answer.body.empty())
    events.message(std::move(answer.body), answer.status);
  return failure;
}

// A failure: there is no whole answer.
std::optional<ClientFailure> HttpServerSide::transfer(httplib::Client& client, HttpExchange& exchange,
                                                      const ExchangeEvents& events, Answer& answer) {
  SseReader stream{options_.message_bytes_max};
  httplib::Request request = request_for(exchange, options_.address.path);
  for (const auto& [name, value] : answer.credentials) request.headers.emplace(name, value);
  request.response_handler = [&](const httplib::Response& response) {
    answer.status = response.status;
    exchange.session = response.get_header_value("Mcp-Session-Id");
    answer.is_stream =
        answer.status < 300 && response.get_header_value("Content-Type").starts_with("text/event-stream");
    if (answer.status < 300) events.answered();
    return !exchange.abandoned;
  };
  request.content_receiver = [&](const char* data, std::size_t bytes, std::uint64_t, std::uint64_t) {
    if (!answer.is_stream) {
      answer.body.append(data, bytes);
      const std::size_t bytes_max = answer.status < 300 ? options_.message_bytes_max : kRefusalBytesMax;
      return !exchange.abandoned && answer.body.size() <= bytes_max;
    }
    for (auto& event : stream.take({data, bytes})) events.message(std::move(event), answer.status);
    return !exchange.abandoned && !stream.overflowed();
  };
  auto error = httplib::Error::Success;
  const bool ok = client.send(request, answer.response, error);
  if (!stream.last_event_id().empty()) exchange.last_event_id = stream.last_event_id();
  exchange.retry = stream.retry();
  if (ok) return std::nullopt;
  auto failure = transfer_failure(error, exchange.abandoned);
  if (stream.overflowed()) failure.kind = ClientFailureKind::protocol;
  return failure;
}

void HttpServerSide::end_session(const std::vector<Header>& headers) {
  auto client = take_connection(std::chrono::seconds{5});
  httplib::Headers all{headers.begin(), headers.end()};
  const auto given = credentials("DELETE");
  if (!given) return;
  for (const auto& [name, value] : *given) all.emplace(name, value);
  client->Delete(options_.address.path, all);
}

std::unique_ptr<httplib::Client> HttpServerSide::take_connection(Duration timeout) {
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

void HttpServerSide::give_back(std::unique_ptr<httplib::Client> client) {
  idle_.with([&](auto& idle) {
    if (idle.size() < kIdleConnectionsMax) idle.push_back(std::move(client));
  });
}

}  // namespace carillon::transport
