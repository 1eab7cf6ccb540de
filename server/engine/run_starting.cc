#include "server/engine/run_starting.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/domain/concurrency.h"
#include "server/domain/duration_text.h"
#include "server/domain/run_handle.h"
#include "server/domain/run_payload.h"
#include "server/domain/shard.h"
#include "server/store/status_store.h"

namespace carillon {

namespace {

// The row of a run that a rule kept out.
RunStarted skip(const Starting& starting, const RunOrder& order, RunStarted started) {
  const Caller& caller = starting.call.caller;
  RunStore{starting.tx}.insert_unstarted(caller.tenant, {.id = RunId{started.run_id},
                                                         .task = order.task.id,
                                                         .task_version = order.version,
                                                         .number = *order.number,
                                                         .run_at = order.run_at,
                                                         .finished_at = starting.call.now,
                                                         .origin = order.origin,
                                                         .agent = caller.agent,
                                                         .correlation_id = caller.correlation_id,
                                                         .outcome = RunState::skipped,
                                                         .reason = started.reason});
  starting.telling.run_event("task.run.skipped", {RunId{started.run_id}, order.task.id, order.task.name, *order.number},
                             {{"reason", started.reason}});
  started.state = name_of(RunState::skipped);
  return started;
}

// Why the run is kept out; empty when it may start. Makes room for it where the policy says so.
std::string kept_out(const Starting& starting, const RunOrder& order, RunId id) {
  const TenantId& tenant = starting.call.caller.tenant;
  RunStore runs{starting.tx};
  if (order.overlap) {
    const BusyRuns busy = runs.busy(tenant, std::vector<std::int64_t>{order.task.id.number()});
    const Busy counts{static_cast<int>(busy.running + busy.waiting), static_cast<int>(busy.queued)};
    const OverlapVerdict verdict = decide_overlap(*order.overlap, counts);
    if (verdict == OverlapVerdict::skip) return "overlap: an earlier run of the task has not finished";
    if (verdict == OverlapVerdict::cancel_and_start) {
      cancel_queued(starting, order.task, "overlap");
      for (const LiveRun& live : runs.live_of(tenant, order.task.id))
        if (runs.request_cancel(tenant, live.id, {.at = starting.call.now, .reason = "overlap"}))
          starting.telling.cancel_requested(live.id);
    }
  }
  const auto& dedupe = order.definition.dedupe;
  if (dedupe && order.origin == "run_now" &&
      !runs.take_dedupe(tenant, {dedupe->key, dedupe->window}, id, starting.call.now))
    return "duplicate: a run with the key \"" + dedupe->key + "\" began less than " + to_text(dedupe->window) + " ago";
  return {};
}

std::optional<Instant> begins_by(const RunOrder& order) {
  const auto own = expires_at(order.definition, order.run_at);
  if (order.finish_by == Instant::max()) return own;
  return std::min(own.value_or(order.finish_by), order.finish_by);
}

}  // namespace

Result<std::string> payload_for(const Action& action, const std::optional<json>& input) {
  if (!input) {
    if (const auto fits = with_checked_input(action); !fits) return fits.error();
    return std::string{};
  }
  if (!input->is_object()) return Error{ErrorCode::arguments_invalid, "input is an object", "/input", *input};
  std::string payload = payload_of_input(*input).dump(-1, ' ', false, json::error_handler_t::replace);
  if (payload.size() > kInputBytesMax)
    return Error{ErrorCode::too_large, "an input has at most 1 MiB; put larger data where a tool can read it", "/input",
                 payload.size()};
  const auto fits = action_with_payload(action, payload);
  if (fits) return payload;
  if (fits.error().code == ErrorCode::arguments_invalid) return fits.error();
  return Error{ErrorCode::arguments_invalid, "the task delivers a message: its input is {\"message\": \"…\"}", "/input",
               *input};
}

RunStarted start_run(const Starting& starting, const RunOrder& given) {
  const Caller& caller = starting.call.caller;
  RunOrder order = given;
  if (!order.number) order.number = TaskStore{starting.tx}.next_run_number(caller.tenant, order.task.id);
  const RunId id = order.id ? *order.id : starting.ids.next(starting.call.now);
  RunStarted started{.run = to_string(RunHandle{order.task.name, *order.number, order.retry}),
                     .run_id = id.number(),
                     .task = order.task.name,
                     .task_state = std::string(name_of(order.task.state)),
                     .state = std::string(name_of(RunState::queued)),
                     .run_at = order.run_at,
                     .zone = order.definition.schedule.zone,
                     .at = starting.call.now};
  started.reason = kept_out(starting, order, id);
  if (!started.reason.empty()) return skip(starting, order, std::move(started));

  const Overlap policy = order.overlap.value_or(overlap_policy(order.definition));
  const auto concurrency = concurrency_of(order.definition, order.task.id, policy);
  const auto key = concurrency ? std::optional{concurrency->key} : std::nullopt;
  const std::int16_t shard = shard_of(caller.tenant, order.task.id, key);
  RunStore{starting.tx}.insert_ready(caller.tenant,
                                     {.shard = shard,
                                      .priority = order.definition.priority,
                                      .run_at = order.run_at,
                                      .id = id,
                                      .task = order.task.id,
                                      .task_version = order.version,
                                      .number = *order.number,
                                      .retry = order.retry,
                                      .slot = order.slot,
                                      .origin = order.origin,
                                      .agent = order.origin == "schedule" ? order.task.agent : caller.agent,
                                      .correlation_id = caller.correlation_id,
                                      .concurrency_key = key,
                                      .key_width = concurrency ? concurrency->width : std::int16_t{1},
                                      .expires_at = begins_by(order),
                                      .reason = order.reason.empty() ? std::nullopt : std::optional{order.reason},
                                      .payload = order.payload});
  starting.telling.run_event("task.run.queued", {id, order.task.id, order.task.name, *order.number, order.retry},
                             {{"origin", order.origin}, {"run_at", to_rfc3339(order.run_at)}});
  starting.telling.run_ready(shard, order.run_at);
  if (StatusStore{starting.tx}.dispatch_pause(caller.tenant)) started.reason = "dispatch is paused for all tasks";
  return started;
}

std::int64_t cancel_queued(const Starting& starting, const TaskRecord& task, const std::string& reason) {
  const TenantId& tenant = starting.call.caller.tenant;
  const auto cancelled = next_state(RunState::queued, RunEvent::cancel);
  CARILLON_CHECK(cancelled.has_value());
  RunStore runs{starting.tx};
  std::int64_t count = 0;
  for (const ReadyRun& run : runs.ready_of(tenant, task.id)) {
    if (!runs.cancel_ready(
            tenant, run,
            {.outcome = *cancelled, .at = starting.call.now, .error_class = ErrorClass::cancelled, .reason = reason}))
      continue;  // a worker was faster; it is among the live ones now
    ++count;
    starting.telling.run_event("task.run.cancelled", {run.id, task.id, task.name, run.number, run.retry},
                               {{"reason", reason}});
    starting.telling.run_ended(run.id);
  }
  return count;
}

}  // namespace carillon
