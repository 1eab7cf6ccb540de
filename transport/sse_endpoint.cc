#include "transport/sse_endpoint.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "transport/http_session.h"
#include "transport/json_rpc.h"
#include "transport/protocol.h"
#include "transport/sealed_state.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kNameBytes = 24;
constexpr const char* kNameParam = "sessionId";

HttpResponse refusal(int status, int code, std::string message) {
  return {status, "application/json", json_rpc::error_text(nullptr, {code, std::move(message), nullptr}), {}};
}

bool begins_as_json(const HttpRequest& request) {
  const auto type = request.header("Content-Type");
  return type && type->starts_with("application/json");
}

class StreamSink final : public MessageSink {
 public:
  explicit StreamSink(std::shared_ptr<HttpReply> reply) : reply_(std::move(reply)) {}
  void send(std::string text) override { reply_->write(event_text("", text)); }
  void reply(int, std::string text) override { send(std::move(text)); }
  void abandon() override {}

 private:
  const std::shared_ptr<HttpReply> reply_;
};

}  // namespace

// One client: the peer at the other end of one event stream.
class SseEndpoint::Stream {
 public:
  Stream(McpServer& server, const Principal& principal, std::shared_ptr<HttpReply> reply)
      : reply_(std::move(reply)),
        sink_(std::make_shared<StreamSink>(reply_)),
        server_(server),
        peer_(server.connect(Peer::Kind::stream, principal, sink_)) {}

  void begin(const std::string& address) {
    auto head = event_stream_head();
    head.body = "event: endpoint\ndata: " + address + "\n\n";
    reply_->begin_stream(std::move(head));
  }
  void take(json_rpc::Parsed parsed, std::size_t bytes) {
    server_.receive({peer_, sink_, nullptr, bytes}, std::move(parsed));
  }
  void end() {
    server_.disconnect(peer_);
    reply_->finish();
  }
  const Principal& principal() const { return peer_->principal(); }

  // Calls `then` once when the client has gone, perhaps at once.
  void when_gone(const std::stop_token& gone, std::function<void()> then) { on_gone_.emplace(gone, std::move(then)); }

 private:
  const std::shared_ptr<HttpReply> reply_;
  const std::shared_ptr<StreamSink> sink_;
  McpServer& server_;
  const std::shared_ptr<Peer> peer_;
  std::optional<std::stop_callback<std::function<void()>>> on_gone_;
};

SseEndpoint::~SseEndpoint() {
  const auto all = streams_->with([](Streams& streams) { return std::exchange(streams, {}); });
  for (const auto& [name, stream] : all) stream->end();
}

std::vector<HttpRoute> SseEndpoint::routes() {
  return {{"GET", options_.stream_path, Access::credential,
           [this](const HttpRequest& request, const auto& reply) { open(request, reply); }},
          {"POST", options_.message_path, Access::credential,
           [this](const HttpRequest& request, const auto& reply) { take(request, reply); }}};
}

std::size_t SseEndpoint::streams() const {
  return streams_->with([](const Streams& streams) { return streams.size(); });
}

void SseEndpoint::open(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  const std::string name = random_token(kNameBytes);
  const auto stream = std::make_shared<Stream>(server_, *request.principal, reply);
  const bool fits = streams_->with([&](Streams& streams) {
    if (streams.size() >= options_.streams_max) return false;
    return streams.emplace(name, stream).second;
  });
  if (!fits) return reply->send(refusal(503, rpc_code::kInternal, "too many event streams are open here; close one"));
  stream->begin(options_.message_path + "?" + kNameParam + "=" + name);
  stream->when_gone(request.gone, [streams = streams_, name] {
    const auto gone = streams->with([&](Streams& all) {
      const auto found = all.extract(name);
      return found ? found.mapped() : nullptr;
    });
    if (gone) gone->end();
  });
}

void SseEndpoint::take(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  if (!begins_as_json(request))
    return reply->send(refusal(415, rpc_code::kInvalidRequest, "the Content-Type must be application/json"));
  const auto name = request.query.find(kNameParam);
  const auto stream = streams_->with([&](const Streams& streams) -> std::shared_ptr<Stream> {
    const auto found = name == request.query.end() ? streams.end() : streams.find(name->second);
    return found == streams.end() ? nullptr : found->second;
  });
  if (!stream || stream->principal() != *request.principal)
    return reply->send(refusal(404, rpc_code::kInvalidRequest,
                               "there is no such stream; GET " + options_.stream_path + " and post where it says"));
  auto parsed = json_rpc::parse(request.body, server_.options().message);
  if (const auto* malformed = std::get_if<json_rpc::Malformed>(&parsed))
    return reply->send({400, "application/json", json_rpc::error_text(malformed->id, malformed->error), {}});
  reply->send({202, "", "", {}});
  stream->take(std::move(parsed), request.body.size());
}

}  // namespace carillon::transport
