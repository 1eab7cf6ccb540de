#include "catalog/builtin_calls.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/reply.h"
#include "server/base/clock.h"
#include "server/base/log.h"

namespace carillon::catalog {
namespace {

// What the machine refuses (descriptors, memory) ends this call, and no thread of the pool.
ToolReply run_guarded(const BuiltInTool::Run& run, const ToolCall& call, const std::stop_token& stop) {
  try {
    return run(call, stop);
  } catch (const std::exception& failure) {
    log::error("a built-in tool could not do its work", {{"tool", call.tool}, {"problem", failure.what()}});
    return failed_reply(ErrorClass::unavailable, "this machine could not make the call: " + std::string{failure.what()},
                        Arrived::maybe);
  }
}

}  // namespace

void BuiltInCalls::call(BuiltInJob what) {
  if (closed_) return what.done(failed_reply(ErrorClass::unavailable, "the catalog is closing", Arrived::no));
  const std::string destination = what.destination.name;
  Turns& turns = turns_[destination];
  if (turns.under_way >= what.destination.places && turns.waiting.size() >= context_.waiting_max)
    return what.done(failed_reply(
        ErrorClass::rate_limited,
        destination + ": " + std::to_string(turns.waiting.size()) + " calls already wait for their turn", Arrived::no));
  const CallId id = what.id;
  Job job{std::move(what)};
  job.timer = context_.loop.after(job.what.call.timeout, [weak = weak_from_this(), id] {
    const auto self = weak.lock();
    if (self && self->jobs_.count(id) > 0 && !self->jobs_.at(id).is_under_way)
      self->finish(id,
                   failed_reply(ErrorClass::timeout, "the time was over before it was this call's turn", Arrived::no));
  });
  jobs_.emplace(id, std::move(job));
  turns.waiting.push_back(id);
  begin_next(destination);
}

void BuiltInCalls::begin_next(const std::string& destination) {
  for (;;) {
    const auto found = turns_.find(destination);
    if (found == turns_.end()) return;
    Turns& turns = found->second;
    if (turns.waiting.empty()) {
      if (turns.under_way == 0) turns_.erase(found);
      return;
    }
    Job& job = jobs_.at(turns.waiting.front());
    if (turns.under_way >= job.what.destination.places) return;
    turns.waiting.pop_front();
    ++turns.under_way;
    begin(job);
  }
}

void BuiltInCalls::begin(Job& job) {
  const CallId id = job.what.id;
  job.is_under_way = true;
  context_.loop.cancel_timer(std::exchange(job.timer, 0));
  if (job.what.breaker) {
    const BreakerPass pass = job.what.breaker->ask();
    if (!pass.admitted) {
      ToolReply reply = failed_reply(ErrorClass::unavailable,
                                     why_refused(job.what.destination.name, job.what.breaker->standing()), Arrived::no);
      reply.retry_after = pass.retry_after;
      return finish(id, std::move(reply));
    }
    job.pass = pass;
  }
  ToolCall call = job.what.call;
  call.timeout = std::max(call.timeout - since(job.what.started), Duration{1});
  const bool taken = context_.pool->run([weak = weak_from_this(), door = context_.door, id, call = std::move(call),
                                         run = job.what.run, stop = job.stop.get_token()] {
    ToolReply reply = run_guarded(run, call, stop);
    door->post([weak, id, reply = std::move(reply)] {
      if (const auto self = weak.lock()) self->finish(id, reply);
    });
  });
  if (!taken) finish(id, failed_reply(ErrorClass::unavailable, "too many calls are waiting", Arrived::no));
}

void BuiltInCalls::finish(CallId id, ToolReply reply) {
  auto node = jobs_.extract(id);
  if (node.empty()) return;
  Job& job = node.mapped();
  context_.loop.cancel_timer(job.timer);
  if (job.pass) job.what.breaker->tell(*job.pass, closed_ ? CallVerdict::says_nothing : verdict_of(reply.failure));
  const std::string destination = job.what.destination.name;
  Turns& turns = turns_[destination];
  if (job.is_under_way)
    --turns.under_way;
  else
    turns.waiting.erase(std::remove(turns.waiting.begin(), turns.waiting.end(), id), turns.waiting.end());
  reply.took = since(job.what.started);
  job.what.done(std::move(reply));
  // Later: a long queue that is refused must not become a deep stack.
  context_.loop.post([self = shared_from_this(), destination] { self->begin_next(destination); });
}

bool BuiltInCalls::cancel(CallId id, const std::string& reason) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return false;
  if (found->second.is_under_way)
    found->second.stop.request_stop();  // its work answers
  else
    finish(id, failed_reply(ErrorClass::cancelled, "the call was cancelled before its turn: " + reason, Arrived::no));
  return true;
}

void BuiltInCalls::close() {
  closed_ = true;
  std::vector<CallId> all;
  for (auto& [id, job] : jobs_) {
    job.stop.request_stop();
    all.push_back(id);
  }
  for (const CallId id : all)
    finish(id, failed_reply(ErrorClass::unavailable, "the catalog is closing",
                            jobs_.at(id).is_under_way ? Arrived::maybe : Arrived::no));
}

}  // namespace carillon::catalog
