#include "transport/server.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "server/base/log.h"
#include "server/base/trace.h"
#include "server/base/waiting.h"
#include "transport/server_core.h"

namespace carillon::transport {
namespace {

constexpr int kOk = 200;
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr std::size_t kNameShown = 200;  // of a caller's word in an error

// The HTTP status of an error that a modern client gets before anything else was sent.
int status_of(int code) {
  if (code == rpc_code::kMethodNotFound) return kNotFound;
  if (code <= rpc_code::kHeaderMismatch && code >= rpc_code::kUnsupportedVersion) return kBadRequest;
  if (code == rpc_code::kInvalidRequest) return kBadRequest;
  return kOk;
}

std::optional<ProtocolError> check_standard_headers(const json_rpc::Request& request, const HttpHeaders& headers) {
  const auto mismatch = [](std::string message) {
    return ProtocolError{rpc_code::kHeaderMismatch, std::move(message), nullptr};
  };
  const auto method = whole_header(headers, "Mcp-Method");
  if (!method) return mismatch("the header Mcp-Method is missing");
  if (from_header_value(*method) != request.method) return mismatch("the header Mcp-Method differs from the method");
  const auto member = name_member(request.method);
  if (!member) return std::nullopt;
  const auto name = whole_header(headers, "Mcp-Name");
  const auto given = request.params.find(std::string{*member});
  if (given == request.params.end() || !given->is_string()) return std::nullopt;  // the method itself refuses that
  if (!name) return mismatch("the header Mcp-Name is missing");
  if (from_header_value(*name) != given->get_ref<const std::string&>())
    return mismatch("the header Mcp-Name differs from params." + std::string{*member});
  return std::nullopt;
}

HttpHeaders param_headers(const HttpHeaders& headers) {
  constexpr std::string_view kFirst = "mcp-param-";
  constexpr std::string_view kAfter = "mcp-param.";  // '.' follows '-'
  return {headers.lower_bound(kFirst), headers.lower_bound(kAfter)};
}

void refuse(const Arrival& arrival, const json& id, const Refused& refused) {
  arrival.sink->reply(refused.status, json_rpc::error_text(id, refused.error));
}

// Fills a call from a modern request's metadata; an error if that is incomplete.
std::optional<Refused> fill_modern(Call& call, Exchange::Terms& terms, const HttpHeaders* headers) {
  auto meta = read_modern_meta(call.params);
  if (auto* problem = std::get_if<ProtocolError>(&meta)) return Refused{kBadRequest, std::move(*problem)};
  auto& read = std::get<RequestMeta>(meta);
  call.context.client = std::move(read.client);
  call.context.client_capabilities = std::move(read.capabilities);
  terms.log_level = read.log_level;
  if (headers == nullptr) return std::nullopt;
  call.over_http = true;
  call.param_headers = param_headers(*headers);
  return std::nullopt;
}

void fill_legacy(Call& call, Exchange::Terms& terms) {
  terms.log_level = call.peer->log_level();
  if (auto handshake = call.peer->handshake()) {
    call.context.client = std::move(handshake->client);
    call.context.client_capabilities = std::move(handshake->capabilities);
  }
}

CallPtr make_call(const std::shared_ptr<ServerCore>& core, const Arrival& arrival, json_rpc::Request request,
                  Revision revision) {
  auto call = std::make_shared<Call>();
  call->core = core;
  call->peer = arrival.peer;
  call->revision = revision;
  call->method = std::move(request.method);
  call->params = std::move(request.params);
  call->context.era = is_modern(revision) ? Era::modern : Era::legacy;
  call->context.protocol_version = name_of(revision);
  call->context.principal = arrival.peer->principal();
  call->context.zone = arrival.peer->zone();
  call->context.trace = read_trace(call->params);
  call->context.correlation_id = correlation_of(call->context.trace.traceparent);
  return call;
}

void start_exchange(const CallPtr& call, Exchange::Terms terms, const std::shared_ptr<MessageSink>& sink) {
  call->exchange = std::make_shared<Exchange>(std::move(terms), sink);
  call->exchange->on_end([peer = std::weak_ptr{call->peer}, exchange = call->exchange.get()] {
    if (const auto alive = peer.lock()) alive->release(*exchange);
  });
  call->context.cancelled = call->exchange->stop_token();
  call->context.channel = call->exchange;
}

void dispatch(const CallPtr& call) {
  const Method* method = find_method(call->method, *call);
  if (method == nullptr)
    return fail(call, {rpc_code::kMethodNotFound, "there is no method " + call->method.substr(0, kNameShown) + " here",
                       nullptr});
  const auto run = [call, method] { run_guarded(call, [&] { method->handle(call); }); };
  const bool here = method->runs == Runs::at_once || call->peer->kind() != Peer::Kind::stream || may_wait_here();
  if (here) return run();
  if (!call->peer->lane().run(call->core->executor, run))
    fail(call, {rpc_code::kInternal, "the server is overloaded; repeat later", nullptr});
}

void admit_and_dispatch(const CallPtr& call) {
  switch (call->peer->admit(call->exchange)) {
    case Peer::Admission::admitted:
      return dispatch(call);
    case Peer::Admission::duplicate_id:
      return fail(call, {rpc_code::kInvalidRequest, "a request with this id is still being answered", nullptr});
    case Peer::Admission::full:
      return fail(call, {rpc_code::kInternal, "too many requests at once; wait for answers first", nullptr});
  }
}

void receive_request(const std::shared_ptr<ServerCore>& core, const Arrival& arrival, json_rpc::Request request) {
  EraFacts facts;
  if (arrival.headers != nullptr) {
    facts.carrier = Carrier::http;
    facts.version_header = whole_header(*arrival.headers, "MCP-Protocol-Version");
  }
  if (const auto handshake = arrival.peer->handshake()) facts.handshake = handshake->revision;
  const EraVerdict verdict = decide_era(request, facts);
  const json id = request.id;
  if (const auto* refused = std::get_if<Refused>(&verdict)) return refuse(arrival, id, *refused);
  const auto* modern = std::get_if<ModernEra>(&verdict);
  const Revision revision = modern != nullptr ? modern->revision : std::get<LegacyEra>(verdict).revision;
  const auto problem = modern != nullptr && arrival.headers != nullptr
                           ? check_standard_headers(request, *arrival.headers)
                           : std::nullopt;
  const CallPtr call = make_call(core, arrival, std::move(request), revision);
  Exchange::Terms terms{id, read_progress_token(call->params), {}, revision, arrival.bytes};
  if (modern != nullptr) {
    if (const auto refused = fill_modern(*call, terms, arrival.headers)) return refuse(arrival, id, *refused);
    if (problem) return refuse(arrival, id, {kBadRequest, *problem});
  } else {
    fill_legacy(*call, terms);
  }
  start_exchange(call, std::move(terms), arrival.sink);
  admit_and_dispatch(call);
}

void receive_notification(const Arrival& arrival, const json_rpc::Notification& notification) {
  // Over modern HTTP closing the stream cancels; a stateless peer has nothing in flight, so this finds nothing there.
  if (notification.method == "notifications/cancelled" && notification.params.contains("requestId"))
    arrival.peer->cancel(notification.params["requestId"]);
}

McpServer::Due receive_message(const std::shared_ptr<ServerCore>& core, const Arrival& arrival,
                               json_rpc::Message message) {
  if (auto* request = std::get_if<json_rpc::Request>(&message)) {
    if (core->stopped) {
      refuse(arrival, request->id, {503, {rpc_code::kInternal, "the server is stopping", nullptr}});
    } else {
      receive_request(core, arrival, std::move(*request));
    }
    return McpServer::Due::reply;
  }
  if (const auto* malformed = std::get_if<json_rpc::Malformed>(&message)) {
    refuse(arrival, malformed->id, {kBadRequest, malformed->error});
    return McpServer::Due::reply;
  }
  if (const auto* response = std::get_if<json_rpc::Response>(&message)) {
    arrival.peer->answered(*response);
  } else {
    receive_notification(arrival, std::get<json_rpc::Notification>(message));
  }
  return McpServer::Due::nothing;
}

bool is_reply_due(const json_rpc::Message& message) {
  return std::holds_alternative<json_rpc::Request>(message) || std::holds_alternative<json_rpc::Malformed>(message);
}

// Gathers the replies of a batch into one array.
class BatchSink final : public MessageSink {
 public:
  BatchSink(std::shared_ptr<MessageSink> out, std::size_t due) : out_(std::move(out)), due_(due) {}

  void send(std::string text) override { out_->send(std::move(text)); }
  void reply(int, std::string text) override { take(text); }
  void abandon() override { take({}); }

 private:
  void take(const std::string& text) {
    const std::lock_guard lock{mutex_};
    if (!text.empty()) gathered_ += (gathered_.empty() ? "" : ",") + text;
    if (--due_ > 0) return;
    if (gathered_.empty()) return out_->abandon();
    out_->reply(kOk, "[" + gathered_ + "]");
  }

  const std::shared_ptr<MessageSink> out_;
  std::mutex mutex_;
  std::size_t due_;
  std::string gathered_;
};

// What may not stand in a batch, though it stands there alone: the handshake, and requests of revisions without
// batches.
bool stands_alone(const json_rpc::Message& message) {
  const auto* request = std::get_if<json_rpc::Request>(&message);
  return request != nullptr && (request->method == "initialize" || has_envelope(*request));
}

McpServer::Due receive_batch(const std::shared_ptr<ServerCore>& core, const Arrival& arrival, json_rpc::Batch batch) {
  const auto handshake = arrival.peer->handshake();
  const bool headless = arrival.headers != nullptr && !whole_header(*arrival.headers, "MCP-Protocol-Version");
  if (handshake ? handshake->revision != Revision::v2025_03_26 : !headless) {
    refuse(arrival, nullptr,
           {kBadRequest, {rpc_code::kInvalidRequest, "batches exist in revision 2025-03-26 only", nullptr}});
    return McpServer::Due::reply;
  }
  const auto due = static_cast<std::size_t>(std::count_if(batch.messages.begin(), batch.messages.end(), is_reply_due));
  const Arrival each{arrival.peer, due > 0 ? std::make_shared<BatchSink>(arrival.sink, due) : arrival.sink,
                     arrival.headers, arrival.bytes / batch.messages.size()};
  for (auto& message : batch.messages) {
    if (stands_alone(message)) {
      const ProtocolError error{rpc_code::kInvalidRequest, "this request may not be part of a batch", nullptr};
      each.sink->reply(kOk, json_rpc::error_text(std::get<json_rpc::Request>(message).id, error));
    } else {
      receive_message(core, each, std::move(message));
    }
  }
  return due > 0 ? McpServer::Due::reply : McpServer::Due::nothing;
}

}  // namespace

McpServer::McpServer(ServerOptions options, Services services, const Clock& clock, Executor& executor)
    : core_(std::make_shared<ServerCore>(std::move(options), services, clock, executor)) {}

McpServer::~McpServer() { stop(); }

std::shared_ptr<Peer> McpServer::connect(Peer::Kind kind, Principal principal, std::shared_ptr<MessageSink> push) {
  auto peer = std::make_shared<Peer>(kind, std::move(principal), std::move(push), core_->options.peer);
  if (kind != Peer::Kind::stateless) core_->subscriptions.add_peer(peer);
  return peer;
}

void McpServer::disconnect(const std::shared_ptr<Peer>& peer) { peer->close(); }

void McpServer::receive_text(const Arrival& from, std::string_view text) {
  receive({from.peer, from.sink, from.headers, text.size()}, json_rpc::parse(text, core_->options.message));
}

McpServer::Due McpServer::receive(const Arrival& arrival, json_rpc::Parsed parsed) {
  if (auto* batch = std::get_if<json_rpc::Batch>(&parsed)) return receive_batch(core_, arrival, std::move(*batch));
  return std::visit(
      [&](auto&& message) {
        if constexpr (std::is_same_v<std::decay_t<decltype(message)>, json_rpc::Batch>)
          return Due::nothing;  // seen to above
        else
          return receive_message(core_, arrival, std::forward<decltype(message)>(message));
      },
      std::move(parsed));
}

void McpServer::tools_changed() { core_->subscriptions.list_changed(ListKind::tools); }
void McpServer::prompts_changed() { core_->subscriptions.list_changed(ListKind::prompts); }
void McpServer::resources_changed(const Audience& audience) {
  core_->subscriptions.list_changed(ListKind::resources, audience);
}
void McpServer::resource_updated(const std::string& uri, const Audience& audience) {
  core_->subscriptions.resource_updated(uri, audience);
}
std::vector<WatchedResource> McpServer::watched_resources() const { return core_->subscriptions.watched(); }
bool McpServer::anyone_hears_resources_changed() const { return core_->subscriptions.is_heard(ListKind::resources); }
std::vector<Principal> McpServer::sessions() const { return core_->subscriptions.sessions(); }
bool McpServer::notify_session(const Audience& audience, std::string_view method, const json& params) {
  return core_->subscriptions.notify_session(audience, method, params);
}

void McpServer::announce(LogLevel level, const json& data) { core_->subscriptions.announce(level, data); }

void McpServer::stop() {
  if (core_->stopped.exchange(true)) return;
  core_->subscriptions.finish({{"resultType", "complete"}});
}

const ServerOptions& McpServer::options() const { return core_->options; }

// -- the ends of a call, used by the methods (server_core.h)

void succeed(const CallPtr& call, json result) {
  if (call->modern()) {
    result.emplace("resultType", "complete");
    result["_meta"][meta_key::kServerInfo] = call->core->options.server_info;
  }
  call->exchange->reply(kOk, json_rpc::result_text(call->exchange->id(), result));
}

void succeed_cacheable(const CallPtr& call, json result, Freshness fresh_for) {
  if (call->modern()) {
    const bool retried = call->params.contains("inputResponses");  // such a result may not be kept
    result["ttlMs"] = retried ? 0 : fresh_for.value_or(call->core->options.list_ttl).count();
    result["cacheScope"] = retried ? "private" : call->core->options.cache_scope;
  }
  succeed(call, std::move(result));
}

void fail(const CallPtr& call, const ProtocolError& error) {
  call->exchange->reply(call->modern() ? status_of(error.code) : kOk,
                        json_rpc::error_text(call->exchange->id(), error));
}

void run_guarded(const CallPtr& call, const std::function<void()>& work) {
  if (call->exchange->over()) return;
  try {
    work();
  } catch (const std::exception& thrown) {
    log::error("a request failed inside",
               {{"method", call->method}, {"correlation_id", call->context.correlation_id}, {"what", thrown.what()}});
    fail(call, {rpc_code::kInternal, "internal error; the log has it under " + call->context.correlation_id, nullptr});
  }
}

}  // namespace carillon::transport
