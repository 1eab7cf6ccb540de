#include "catalog/server_link.h"

#include <algorithm>

#include "catalog/reply.h"
#include "server/domain/nearest.h"

namespace carillon::catalog {
namespace {

using std::chrono::steady_clock;
using transport::ClientFailure;
using transport::ClientFailureKind;
using transport::RpcRefusal;

constexpr int kLatencyAnswers = 8;  // each answer counts an eighth

Duration since(Monotonic then) { return std::chrono::duration_cast<Duration>(steady_clock::now() - then); }

}  // namespace

void ServerLink::call(CallJob what) {
  const CallId id = what.id;
  if (closing_) return what.done(failed_reply(ErrorClass::unavailable, "the catalog is closing", Arrived::no));
  if (turn_.size() >= static_cast<std::size_t>(context_.options.waiting_max)) {
    ToolReply reply = failed_reply(
        ErrorClass::unavailable,
        "server \"" + entry_.name + "\": " + std::to_string(turn_.size()) + " calls already wait for their turn",
        Arrived::no);
    return what.done(std::move(reply));
  }
  Job job{std::move(what)};
  if (job.what.call.timeout <= Duration::zero()) {
    const auto known = list_ ? list_->find(job.what.tool) : nullptr;
    const auto& own = known ? known->facts().timeout : entry_.timeout;
    job.what.call.timeout = own.value_or(context_.options.call_timeout);
  }
  job.timer = context_.loop.after(time_left(job), [self = shared_from_this(), id] { self->out_of_time(id); });
  jobs_.emplace(id, std::move(job));
  turn_.push_back(id);
  begin_next();
}

void ServerLink::begin_next() {
  const auto parallel_max = static_cast<std::size_t>(entry_.parallel_max.value_or(context_.options.parallel_max));
  while (!closing_ && !turn_.empty() && active_ < parallel_max) {
    const CallId id = turn_.front();
    turn_.pop_front();
    ++active_;
    begin(id);
  }
  publish();
}

void ServerLink::begin(CallId id) {
  jobs_.at(id).phase = Phase::preparing;
  want_tools([self = shared_from_this(), id](ToolsOutcome outcome) { self->prepared(id, std::move(outcome)); });
}

void ServerLink::prepared(CallId id, ToolsOutcome outcome) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || found->second.phase != Phase::preparing) return;  // cancelled, or out of time
  if (const auto* failure = std::get_if<ClientFailure>(&outcome)) {
    ToolReply reply = reply_of(*failure, entry_.name, context_of(*failure));
    reply.arrived = Arrived::no;  // whatever the handshake met, this call was not sent
    if (reply.failure == ErrorClass::timeout) reply.failure = ErrorClass::unavailable;
    return finish(id, std::move(reply));
  }
  const auto& list = std::get<ToolListPtr>(outcome);
  Job& job = found->second;
  const auto tool = list->find(job.what.tool);
  if (!tool && !job.looked_again && since(fetched_at_) > std::chrono::seconds{1}) {
    job.looked_again = true;  // it may be new
    list_changed_ = true;
    return begin(id);
  }
  if (!tool) return finish(id, unknown_tool(job, *list));
  if (const auto wrong = tool->refuse_arguments(job.what.call.arguments))
    return finish(
        id, failed_reply(ErrorClass::invalid_arguments,
                         wrong->message + (wrong->pointer.empty() ? "" : " (at " + wrong->pointer + ")"), Arrived::no));
  send(id, tool);
}

void ServerLink::send(CallId id, const std::shared_ptr<const CatalogTool>& tool) {
  Job& job = jobs_.at(id);
  const ToolCall& call = job.what.call;
  transport::ClientRequest request;
  request.method = "tools/call";
  request.params = {{"name", job.what.tool}, {"arguments", call.arguments}};
  json meta = json::object();
  if (!call.idempotency_key.empty()) meta["io.carillon/idempotencyKey"] = call.idempotency_key;
  if (!call.traceparent.empty()) meta["traceparent"] = call.traceparent;
  if (!meta.empty()) request.params["_meta"] = std::move(meta);
  if (entry_.is_remote()) request.headers = transport::param_headers(tool->header_params(), call.arguments);
  request.timeout = std::max(time_left(job), Duration{1});
  job.phase = Phase::sent;
  context_.loop.cancel_timer(std::exchange(job.timer, 0));  // from here on the client keeps the time
  job.client = client_;
  job.request =
      client_->request(std::move(request), [self = shared_from_this(), id, tool](transport::ClientReply reply) {
        self->answered(id, tool, std::move(reply));
      });
}

void ServerLink::answered(CallId id, const std::shared_ptr<const CatalogTool>& tool, transport::ClientReply reply) {
  if (jobs_.count(id) == 0 || repeat(id, reply)) return;
  if (auto* result = std::get_if<json>(&reply)) {
    be_useful();
    return finish(id, reply_of(std::move(*result), *tool));
  }
  if (const auto* refusal = std::get_if<RpcRefusal>(&reply)) {
    be_useful();
    return finish(id, reply_of(*refusal, entry_.name));
  }
  const auto& failure = std::get<ClientFailure>(reply);
  ToolReply failed = reply_of(failure, entry_.name, context_of(failure));
  if (failure.kind == ClientFailureKind::sign_in) {
    // Where only this call wants more than was agreed to, others go on.
    if (!sign_in_ || !sign_in_->facts().signed_in) report_.state = ServerState::needs_sign_in;
    note_sign_in(failed.message);
  }
  remember_error(failed.message);
  finish(id, std::move(failed));
}

void ServerLink::be_useful() {
  was_useful_ = true;
  failures_in_a_row_ = 0;
  sign_in_noted_ = false;
  if (report_.state == ServerState::needs_sign_in) report_.state = ServerState::ready;
}

// Repeats a call that the server certainly did not carry out: it forgot our session, or its tool list moved on under
// us.
bool ServerLink::repeat(CallId id, const transport::ClientReply& reply) {
  Job& job = jobs_.at(id);
  if (job.sent_before || time_left(job) <= Duration::zero()) return false;
  const auto* failure = std::get_if<ClientFailure>(&reply);
  const auto* refusal = std::get_if<RpcRefusal>(&reply);
  const bool session_lost = failure && failure->kind == ClientFailureKind::session_lost;
  const bool headers_stale = refusal && refusal->code == transport::rpc_code::kHeaderMismatch;
  if (!session_lost && !headers_stale) return false;
  job.sent_before = true;
  job.phase = Phase::preparing;
  job.timer = context_.loop.after(time_left(job), [self = shared_from_this(), id] { self->out_of_time(id); });
  list_changed_ = true;
  // Later: the client is still in the middle of telling us.
  context_.loop.post([self = shared_from_this(), id, session_lost, client = std::exchange(job.client, nullptr)] {
    if (session_lost && self->client_ == client) self->drop_client();
    if (self->jobs_.count(id) > 0) self->begin(id);
  });
  return true;
}

void ServerLink::out_of_time(CallId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  found->second.timer = 0;
  const bool waited = found->second.phase == Phase::waiting;
  finish(id, failed_reply(ErrorClass::timeout,
                          "server \"" + entry_.name + "\": the time was over " +
                              (waited ? "before it was this call's turn" : "before the server was ready"),
                          Arrived::no));
}

bool ServerLink::cancel(CallId id, const std::string& reason) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return false;
  if (const auto client = found->second.client)
    client->cancel(found->second.request, reason);  // answers through `answered`
  else
    finish(id,
           failed_reply(ErrorClass::cancelled, "the call was cancelled before it was sent: " + reason, Arrived::no));
  return true;
}

void ServerLink::finish(CallId id, ToolReply reply) {
  auto node = jobs_.extract(id);
  if (node.empty()) return;
  Job& job = node.mapped();
  context_.loop.cancel_timer(job.timer);
  if (job.phase == Phase::waiting)
    turn_.erase(std::remove(turn_.begin(), turn_.end(), id), turn_.end());
  else
    --active_;
  reply.took = since(job.what.started);
  ++report_.calls;
  if (reply.failure && reply.failure != ErrorClass::tool_error && reply.failure != ErrorClass::invalid_arguments)
    ++report_.failures;
  if (!reply.failure)
    report_.latency =
        report_.latency ? *report_.latency + (reply.took - *report_.latency) / kLatencyAnswers : reply.took;
  publish();  // before the caller hears of it, so that a report asked for then is not older than the reply
  job.what.done(std::move(reply));
  // Later: the client is still in the middle of telling us, and a long queue must not become a deep stack.
  context_.loop.post([self = shared_from_this(), client = std::move(job.client)] {
    self->begin_next();
    self->rest_when_idle();
  });
}

Duration ServerLink::time_left(const Job& job) const { return job.what.call.timeout - since(job.what.started); }

ToolReply ServerLink::unknown_tool(const Job& job, const ToolList& list) const {
  std::vector<std::string> close;
  for (const auto& name : list.nearest_to(job.what.tool)) close.push_back(entry_.name + "." + name);
  return failed_reply(ErrorClass::not_found,
                      "server \"" + entry_.name + "\" has no tool \"" + job.what.tool + "\"" + did_you_mean(close),
                      Arrived::no);
}

// What the server said last is of use where it fell over, and noise where it only refused.
std::string ServerLink::context_of(const ClientFailure& failure) const {
  const bool fell = failure.kind == ClientFailureKind::died || failure.kind == ClientFailureKind::timed_out ||
                    failure.kind == ClientFailureKind::protocol;
  return fell ? last_words(errors_->with([](auto& tail) { return tail.tail(); })) : "";
}

}  // namespace carillon::catalog
