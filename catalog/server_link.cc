#include "catalog/server_link.h"

#include <algorithm>
#include <atomic>

#include "catalog/questions.h"
#include "catalog/reply.h"
#include "server/base/clock.h"
#include "server/base/mask.h"
#include "server/domain/nearest.h"

namespace carillon::catalog {
namespace {

using std::chrono::steady_clock;
using transport::ClientFailure;
using transport::ClientFailureKind;
using transport::RpcRefusal;

constexpr int kLatencyAnswers = 8;  // each answer counts an eighth
constexpr std::size_t kProgressBytesMax = 1000;
constexpr Duration kTaskKeptLonger = std::chrono::minutes{5};  // than the call can take

ToolReply wrong_arguments(const Error& wrong) {
  return failed_reply(ErrorClass::invalid_arguments,
                      wrong.message + (wrong.pointer.empty() ? "" : " (at " + wrong.pointer + ")"), Arrived::no);
}

}  // namespace

void ServerLink::call(CallJob what) {
  const CallId id = what.id;
  if (closing_) return what.done(failed_reply(ErrorClass::unavailable, "the catalog is closing", Arrived::no));
  const auto waiting_max = static_cast<std::size_t>(entry_.waiting_max.value_or(context_.options.waiting_max));
  if (!has_room() && !breaker().is_shut() && turn_.size() >= waiting_max) {
    return what.done(failed_reply(
        ErrorClass::rate_limited,
        "server \"" + entry_.name + "\": " + std::to_string(turn_.size()) + " calls already wait for their turn",
        Arrived::no));
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

// Whether one more call may begin, so that one server that hangs leaves the threads of HTTP exchanges to others: a
// legacy server's question keeps its call's thread although it gave up its place.
bool ServerLink::has_room() const {
  const auto parallel_max = static_cast<std::size_t>(entry_.parallel_max.value_or(context_.options.parallel_max));
  if (active_ >= parallel_max) return false;
  if (!entry_.is_remote()) return true;
  const auto threads = static_cast<std::size_t>(threads_of_one_server(context_.options));
  return active_ < threads && (known_era_ != transport::Era::legacy || jobs_.size() - turn_.size() < threads);
}

void ServerLink::begin_next() {
  while (!closing_ && !turn_.empty() && (has_room() || breaker().is_shut())) {
    const CallId id = turn_.front();
    turn_.pop_front();
    ++active_;
    Job& job = jobs_.at(id);
    job.phase = Phase::preparing;
    const BreakerPass pass = breaker().ask();
    if (!pass.admitted) {
      refuse(id, pass);
      continue;
    }
    job.pass = pass;
    begin(id);
  }
  publish();
}

// What is wrong with the call itself is said first, as far as it is known: time does not mend it.
void ServerLink::refuse(CallId id, const BreakerPass& pass) {
  const Job& job = jobs_.at(id);
  const auto tool = list_ ? list_->find(job.what.tool) : nullptr;
  if (tool)
    if (const auto wrong = tool->refuse_arguments(job.what.call.arguments)) return finish(id, wrong_arguments(*wrong));
  ToolReply reply = failed_reply(ErrorClass::unavailable, why_refused(entry_.name, breaker().standing()), Arrived::no);
  reply.retry_after = pass.retry_after;
  finish(id, std::move(reply));
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
  if (const auto wrong = tool->refuse_arguments(job.what.call.arguments)) return finish(id, wrong_arguments(*wrong));
  send(id, tool);
}

void ServerLink::send(CallId id, const ToolPtr& tool) {
  Job& job = jobs_.at(id);
  job.phase = Phase::sent;
  context_.loop.cancel_timer(std::exchange(job.timer, 0));  // from here on the client keeps the time
  job.client = client_;
  job.request = client_->request(request_for(job, tool), [self = shared_from_this(), id, tool](auto reply) {
    self->answered(id, tool, std::move(reply));
  });
}

transport::ClientRequest ServerLink::request_for(const Job& job, const ToolPtr& tool) {
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
  request.answer_time = context_.options.answer_within;
  request.capabilities = offered_with(entry_, tool->policy(), call);
  request.tasks = transport::TaskAnswer::accepted;
  if (tool->needs_task() && job.client->facts().makes_core_tasks()) {
    const Duration kept = request.timeout + request.answer_time + kTaskKeptLonger;
    request.params["task"] = {{"ttl", std::chrono::ceil<std::chrono::milliseconds>(kept).count()}};
  }
  request.on_input = [weak = weak_from_this(), id = job.what.id, tool](const auto& question, Answered answer) {
    if (const auto self = weak.lock()) self->ask(id, tool, question, std::move(answer));
  };
  if (call.progressed)
    request.on_progress = [progressed = call.progressed](const transport::ProgressReport& report) {
      progressed({report.progress, report.total, shortened(mask_secrets(report.message), kProgressBytesMax)});
    };
  return request;
}

void ServerLink::answered(CallId id, const ToolPtr& tool, transport::ClientReply reply) {
  if (jobs_.count(id) == 0 || repeat(id, reply)) return;
  if (auto* made = std::get_if<transport::MadeTask>(&reply)) return follow(id, tool, std::move(*made));
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
  // What a server asks is between it and whoever made the call; everybody sees what is remembered of the server.
  if (failure.kind != ClientFailureKind::needs_input) remember_error(failed.message);
  finish(id, std::move(failed));
}

void ServerLink::follow(CallId id, const ToolPtr& tool, transport::MadeTask made) {
  be_useful();
  Job& job = jobs_.at(id);
  tell_breaker(job, CallVerdict::well);
  job.task = std::make_shared<transport::FollowedTask>(
      context_.loop, reach(), request_for(job, tool),
      [self = shared_from_this(), id, tool](auto reply) { self->answered(id, tool, std::move(reply)); });
  job.task->start(std::move(made));
  // Later: the client is still in the middle of telling us. Nobody needs it longer than its connection lasts.
  context_.loop.post([client = std::exchange(job.client, nullptr)] {});
}

transport::TaskReach ServerLink::reach() {
  const auto connect = [self = shared_from_this()](transport::TaskReach::Taker taker) {
    self->want_tools([self, taker = std::move(taker)](const ToolsOutcome& outcome) {
      if (const auto* failure = std::get_if<ClientFailure>(&outcome)) return taker(*failure);
      taker(self->client_);
    });
  };
  const auto forgotten = [self = shared_from_this()](const std::shared_ptr<transport::McpClient>& client) {
    if (self->client_ == client) self->drop_client();
  };
  return {.connect = connect, .forgotten = forgotten};
}

// Then one call at a time (max_parallel) is the way to know, and it must stay one while somebody thinks.
bool ServerLink::asks_without_saying_for_whom() const {
  return !entry_.is_remote() && known_era_ == transport::Era::legacy;
}

void ServerLink::ask(CallId id, const ToolPtr& tool, const transport::InputRequest& question, Answered answer) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;  // whoever asks about an ended call is told so by the client
  Job& job = found->second;
  if (auto given = answer_of_entry(entry_, tool->policy(), job.what.call, question)) return answer(*std::move(given));
  ++job.open_questions;
  // It answers; whoever is asked may take a day.
  tell_breaker(job, CallVerdict::well);
  if (!job.gave_up_place && !asks_without_saying_for_whom()) {  // while somebody thinks, others may call
    job.gave_up_place = true;
    --active_;
    context_.loop.post([self = shared_from_this()] { self->begin_next(); });
  }
  // May be answered by another thread, and after the catalog's end: nothing that belongs to the loop goes along.
  const auto once = std::make_shared<std::atomic<bool>>(false);
  job.what.call.asked(as_asked(question), [once, door = context_.door, weak = weak_from_this(), id,
                                           repetition = job.repetitions, answer](Result<json> given) {
    if (once->exchange(true)) return;
    door->post([weak, id, repetition, answer, given = std::move(given)] {
      if (const auto self = weak.lock()) self->take_answer(id, repetition, given, answer);
    });
  });
}

void ServerLink::take_answer(CallId id, int repetition, Result<json> given, const Answered& answer) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || found->second.repetitions != repetition) return;  // too late
  Job& job = found->second;
  // Whether or not it is its turn: the server has it already.
  if (--job.open_questions == 0 && std::exchange(job.gave_up_place, false)) ++active_;
  publish();
  if (!given) return answer(transport::ProtocolError{transport::rpc_code::kInvalidParams, given.error().message, {}});
  if (given->is_object()) return answer(*std::move(given));
  answer(transport::ProtocolError{transport::rpc_code::kInvalidParams, "the answer to what it asks is no object", {}});
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
  if (job.task || job.repetitions > 0 || time_left(job) <= Duration::zero()) return false;
  const auto* failure = std::get_if<ClientFailure>(&reply);
  const auto* refusal = std::get_if<RpcRefusal>(&reply);
  const bool session_lost = failure && failure->kind == ClientFailureKind::session_lost;
  const bool headers_stale = refusal && refusal->code == transport::rpc_code::kHeaderMismatch;
  if (!session_lost && !headers_stale) return false;
  ++job.repetitions;
  job.open_questions = 0;
  if (std::exchange(job.gave_up_place, false)) ++active_;
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
  if (const auto task = found->second.task)
    task->cancel();
  else if (const auto client = found->second.client)
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
  else if (!job.gave_up_place)
    --active_;
  tell_breaker(job, closing_ ? CallVerdict::says_nothing : verdict_of(reply.failure));
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
  context_.loop.post([self = shared_from_this(), client = std::move(job.client), task = std::move(job.task)] {
    self->begin_next();
    self->rest_when_idle();
  });
}

// Once for each call, as soon as the server has shown that it answers; what becomes of the call later says nothing
// more.
void ServerLink::tell_breaker(Job& job, CallVerdict verdict) {
  if (const auto pass = std::exchange(job.pass, std::nullopt)) breaker().tell(*pass, verdict);
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
