#include "transport/http_endpoint.h"

#include <utility>

#include "transport/era.h"

namespace carillon::transport {
namespace {

constexpr const char* kSessionHeader = "Mcp-Session-Id";
constexpr const char* kVersionHeader = "MCP-Protocol-Version";
constexpr const char* kListenMethod = "subscriptions/listen";

HttpResponse rpc_error(int status, const json& id, const ProtocolError& error) {
  return {status, "application/json", json_rpc::error_text(id, error), {}};
}
HttpResponse refusal(int status, std::string message) {
  return rpc_error(status, nullptr, {rpc_code::kInvalidRequest, std::move(message), nullptr});
}

ProtocolError too_many_streams() {
  return {rpc_code::kInternal, "too many event streams are open here; close one or come back later", nullptr};
}

bool accepts(const HttpRequest& request, std::string_view type) {
  const auto accept = request.header("Accept");
  if (!accept) return true;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  return accept->find(type) != std::string_view::npos || accept->find("*/*") != std::string_view::npos ||
         accept->find(std::string{family} + "*") != std::string_view::npos;
}

bool is_json(const HttpRequest& request) {
  const auto type = request.header("Content-Type");
  if (!type) return false;
  std::string_view essence = type->substr(0, type->find(';'));
  while (essence.ends_with(' ') || essence.ends_with('\t')) essence.remove_suffix(1);
  return same_text(essence, "application/json");
}

// One HTTP request without a session: JSON if the reply comes first, an event stream otherwise.
class StatelessSink final : public MessageSink {
 public:
  explicit StatelessSink(std::shared_ptr<HttpReply> reply) : reply_(std::move(reply)) {}

  void cancel_when(const std::stop_token& gone, const std::shared_ptr<Peer>& peer) {
    on_gone_.emplace(gone, [weak = std::weak_ptr{peer}] {
      if (const auto alive = weak.lock()) alive->close();
    });
  }
  void hold(std::shared_ptr<StreamSlots::Slot> slot) { slot_ = std::move(slot); }

  void send(std::string text) override {
    if (!std::exchange(streams_, true)) reply_->begin_stream(event_stream_head());
    reply_->write(event_text("", text));
  }
  void reply(int status, std::string text) override {
    if (slot_) slot_->free();
    if (!streams_) return reply_->send({status, "application/json", std::move(text), {}});
    send(std::move(text));
    reply_->finish();
  }
  void abandon() override {
    if (slot_) slot_->free();
    if (!std::exchange(streams_, true)) reply_->begin_stream(event_stream_head());
    reply_->finish();
  }

 private:
  const std::shared_ptr<HttpReply> reply_;
  std::shared_ptr<StreamSlots::Slot> slot_;
  std::optional<std::stop_callback<std::function<void()>>> on_gone_;
  bool streams_ = false;
};

// One POST in a session: the same, but a stream that was begun outlives its connection.
class SessionSink final : public MessageSink {
 public:
  SessionSink(std::shared_ptr<LegacySession> session, std::shared_ptr<HttpReply> reply)
      : session_(std::move(session)), reply_(std::move(reply)) {}

  void send(std::string text) override { stream().publish(text); }
  void reply(int status, std::string text) override {
    if (!stream_)
      return reply_->send({status, "application/json", std::move(text), {{kSessionHeader, session_->id()}}});
    stream_->publish(text);
    stream_->finish();
  }
  void abandon() override { stream().finish(); }
  void drop_stream(std::chrono::milliseconds retry) override {
    if (session_->resumable()) stream().detach(retry);
  }

 private:
  EventStream& stream() {
    if (stream_) return *stream_;
    stream_ = session_->new_stream();
    auto head = event_stream_head();
    head.headers.emplace(kSessionHeader, session_->id());
    reply_->begin_stream(std::move(head));
    stream_->attach({reply_}, 0, session_->resumable() ? EventStream::Start::primed : EventStream::Start::plain);
    return *stream_;
  }

  const std::shared_ptr<LegacySession> session_;
  const std::shared_ptr<HttpReply> reply_;
  std::shared_ptr<EventStream> stream_;
};

std::optional<HttpResponse> check_media(const HttpRequest& request) {
  if (!is_json(request)) return refusal(415, "the Content-Type must be application/json");
  if (!accepts(request, "application/json") || !accepts(request, "text/event-stream"))
    return refusal(406, "Accept must list application/json and text/event-stream");
  return std::nullopt;
}

// Of messages that get no reply only the version can be wrong.
std::optional<HttpResponse> check_version(const HttpRequest& request) {
  const auto version = request.header(kVersionHeader);
  if (version && !revision_named(*version)) return rpc_error(400, nullptr, unsupported_version(*version));
  return std::nullopt;
}

const json_rpc::Request* request_in(const json_rpc::Parsed& parsed) { return std::get_if<json_rpc::Request>(&parsed); }

}  // namespace

McpEndpoint::McpEndpoint(McpServer& server, EndpointOptions options)
    : server_(server),
      options_(std::move(options)),
      sessions_(server, options_.sessions),
      slots_(options_.streams_max) {}

McpEndpoint::~McpEndpoint() { sessions_.close_all(); }

std::vector<HttpRoute> McpEndpoint::routes() {
  const auto on = [&](const char* method, HttpHandler handle) {
    return HttpRoute{method, options_.path, Access::credential, std::move(handle)};
  };
  return {on("POST", [this](const HttpRequest& request, const auto& reply) { post(request, reply); }),
          on("GET", [this](const HttpRequest& request, const auto& reply) { get(request, reply); }),
          on("DELETE", [this](const HttpRequest& request, const auto& reply) { end_session(request, reply); })};
}

void McpEndpoint::post(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  if (auto refused = check_media(request)) return reply->send(std::move(*refused));
  auto parsed = json_rpc::parse(request.body, server_.options().message);
  if (const auto* malformed = std::get_if<json_rpc::Malformed>(&parsed))
    return reply->send(rpc_error(400, malformed->id, malformed->error));
  const auto* rpc = request_in(parsed);
  if (rpc != nullptr && has_envelope(*rpc)) return post_stateless(request, std::move(parsed), reply);
  if (rpc == nullptr)
    if (auto refused = check_version(request)) return reply->send(std::move(*refused));
  const auto session_id = request.header(kSessionHeader);
  if (rpc != nullptr && rpc->method == "initialize") {
    const auto version = request.header(kVersionHeader);
    const auto revision = version ? revision_named(*version) : kNewestLegacy;
    if (!revision || is_modern(*revision)) return post_stateless(request, std::move(parsed), reply);
    return post_in_session(request, std::move(parsed),
                           {sessions_.open(*request.principal, std::chrono::steady_clock::now()), reply});
  }
  if (!session_id) return post_stateless(request, std::move(parsed), reply);
  auto session = session_of(request);
  if (!session) return reply->send(refusal(404, "this session is unknown or over; send initialize again"));
  post_in_session(request, std::move(parsed), {std::move(session), reply});
}

void McpEndpoint::post_stateless(const HttpRequest& request, json_rpc::Parsed parsed,
                                 const std::shared_ptr<HttpReply>& reply) {
  const auto* rpc = request_in(parsed);
  const auto peer = server_.connect(Peer::Kind::stateless, *request.principal, nullptr);
  const auto sink = std::make_shared<StatelessSink>(reply);
  if (rpc != nullptr && rpc->method == kListenMethod) {
    auto slot = slots_.take(request.gone);
    if (!slot) return reply->send(rpc_error(503, rpc->id, too_many_streams()));
    sink->hold(std::move(slot));
  }
  if (rpc != nullptr && has_envelope(*rpc)) sink->cancel_when(request.gone, peer);
  hand_over({peer, sink, &request.headers, request.body.size()}, std::move(parsed), reply);
}

void McpEndpoint::post_in_session(const HttpRequest& request, json_rpc::Parsed parsed, const InSession& in) {
  const auto sink = std::make_shared<SessionSink>(in.session, in.reply);
  hand_over({in.session->peer(), sink, &request.headers, request.body.size()}, std::move(parsed), in.reply);
}

void McpEndpoint::hand_over(const Arrival& arrival, json_rpc::Parsed parsed, const std::shared_ptr<HttpReply>& reply) {
  if (server_.receive(arrival, std::move(parsed)) == McpServer::Due::nothing) reply->send({202, "", "", {}});
}

void McpEndpoint::get(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  const auto session_id = request.header(kSessionHeader);
  const auto version = request.header(kVersionHeader);
  const auto revision = version ? revision_named(*version) : std::nullopt;
  if (!session_id || (revision && is_modern(*revision))) {
    auto refused = refusal(405, "send requests with POST; GET is for sessions of older revisions");
    refused.headers.emplace("Allow", "POST");
    return reply->send(std::move(refused));
  }
  if (!accepts(request, "text/event-stream")) return reply->send(refusal(406, "Accept must list text/event-stream"));
  const auto session = session_of(request);
  if (!session) return reply->send(refusal(404, "this session is unknown or over; send initialize again"));
  LegacySession::Place place{session->push_stream(), 0};
  auto start = session->resumable() ? EventStream::Start::primed : EventStream::Start::plain;
  if (const auto last = request.header("Last-Event-ID")) {
    const auto found = session->find_event(*last);
    if (!found) return reply->send(refusal(400, "this Last-Event-ID is none of this session"));
    place = *found;
    start = EventStream::Start::plain;
  }
  auto slot = slots_.take(request.gone);
  if (!slot) return reply->send(rpc_error(503, nullptr, too_many_streams()));
  auto head = event_stream_head();
  head.headers.emplace(kSessionHeader, session->id());
  reply->begin_stream(std::move(head));
  place.stream->attach({reply, request.gone, std::move(slot)}, place.after, start);
}

// Of a request that names one.
std::shared_ptr<LegacySession> McpEndpoint::session_of(const HttpRequest& request) {
  return sessions_.find(std::string{*request.header(kSessionHeader)}, *request.principal,
                        std::chrono::steady_clock::now());
}

void McpEndpoint::end_session(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  const auto session_id = request.header(kSessionHeader);
  if (!session_id) {
    auto refused = refusal(405, "DELETE ends a session; none is named");
    refused.headers.emplace("Allow", "POST");
    return reply->send(std::move(refused));
  }
  const auto session = session_of(request);
  if (!session) return reply->send(refusal(404, "this session is unknown or over"));
  sessions_.close(session);
  reply->send({200, "", "", {}});
}

}  // namespace carillon::transport
