#include "server/store/run_store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "server/base/check.h"
#include "server/domain/run_payload.h"
#include "server/domain/schedule/misfire.h"
#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

RunState run_state_of(const std::string& name) {
  const auto state = run_state_named(name);
  CARILLON_CHECK(state.has_value());  // the tables' constraints allow no other
  return *state;
}

Cost cost_of(const pqxx::field& micro_dollars) {
  return {column<std::optional<std::int64_t>>(micro_dollars).value_or(0)};
}
std::string text_or_empty(const pqxx::field& field) { return column<std::optional<std::string>>(field).value_or(""); }

json json_or_null(const pqxx::field& field) {
  const auto bytes = column<std::optional<Bytes>>(field);
  return bytes ? json_of(*bytes) : json(nullptr);
}

RunRecord read_run(const pqxx::row& row) {
  return RunRecord{
      .id = column<RunId>(row["id"]),
      .task = column<TaskId>(row["task_id"]),
      .task_name = column<std::string>(row["task_name"]),
      .zone = column<std::string>(row["zone"]),
      .task_version = column<int>(row["task_version"]),
      .number = column<std::int64_t>(row["number"]),
      .retry = column<int>(row["retry"]),
      .attempt = column<int>(row["attempt"]),
      .takeovers = column<int>(row["takeovers"]),
      .slot = column<std::optional<Instant>>(row["slot"]),
      .slot_until = column<std::optional<Instant>>(row["slot_until"]),
      .folded = column<std::int64_t>(row["folded"]),
      .run_at = column<Instant>(row["run_at"]),
      .started_at = column<std::optional<Instant>>(row["started_at"]),
      .finished_at = column<std::optional<Instant>>(row["finished_at"]),
      .late_by = column<std::optional<Duration>>(row["late_by"]),
      .origin = column<std::string>(row["origin"]),
      .agent = column<AgentId>(row["agent_id"]),
      .correlation_id = column<std::string>(row["correlation_id"]),
      .state = run_state_of(column<std::string>(row["state"])),
      .error_class = text_or_empty(row["error_class"]),
      .error_message = text_or_empty(row["error_message"]),
      .reason = text_or_empty(row["reason"]),
      .shard = column<std::optional<std::int16_t>>(row["shard"]),
      .priority = column<std::optional<int>>(row["priority"]),
      .concurrency_key = column<std::optional<std::string>>(row["concurrency_key"]),
      .key_width = column<std::optional<std::int16_t>>(row["key_width"]),
      .expires_at = column<std::optional<Instant>>(row["expires_at"]),
      .cancel_requested_at = column<std::optional<Instant>>(row["cancel_requested_at"]),
      .cancel_reason = text_or_empty(row["cancel_reason"]),
      .call_state = text_or_empty(row["call_state"]),
      .undoes = column<bool>(row["undoes"]),
      .paused_by = text_or_empty(row["paused_by"]),
      .pause_reason = text_or_empty(row["pause_reason"]),
      .paused_until = column<std::optional<Instant>>(row["paused_until"]),
      .resumes_at = column<std::optional<Instant>>(row["resumes_at"]),
      .compensated = column<std::optional<bool>>(row["compensated"]),
  };
}

std::optional<std::string> class_name(const RunEnding& ending) {
  if (!ending.error_class) return std::nullopt;
  return std::string(describe(*ending.error_class).name);
}

// An end is committed at most so long after it was stamped: a worker that is silent for longer has lost the run.
constexpr Duration kCommitDelayMax = std::chrono::minutes{5};

struct Bounds {
  Instant from;
  Instant surely_new;  // no snapshot of `since` saw an end that was stamped later
};

Bounds bounds_of(const EndsWanted& wanted) {
  if (!wanted.unseen_by) return {wanted.since, wanted.since};
  return {wanted.since - kCommitDelayMax, wanted.since + kCommitDelayMax};
}

void count_outcome(EndedRuns& counts, RunState outcome, std::int64_t total) {
  if (outcome == RunState::succeeded) counts.succeeded = total;
  if (outcome == RunState::failed) counts.failed = total;
  if (outcome == RunState::unknown) counts.unknown = total;
  if (outcome == RunState::missed) counts.missed = total;
  if (outcome == RunState::skipped) counts.skipped = total;
}

}  // namespace

void RunStore::insert_ready(const TenantId& tenant, const NewRun& run) {
  std::optional<Bytes> payload;
  const bool apart = run.payload.size() > kPayloadInlineMax;
  if (!run.payload.empty()) payload = Bytes{apart ? "" : run.payload};
  tx_.exec(sql::insert_run_ready, run.shard, run.priority, run.run_at, run.id, tenant, run.task, run.task_version,
           run.number, run.retry, run.slot, run.origin, run.agent, run.correlation_id, run.concurrency_key,
           run.key_width, run.expires_at, run.reason, payload);
  if (apart) tx_.exec(sql::insert_run_input, run.id, tenant, Bytes{run.payload});
}

void RunStore::insert_unstarted(const TenantId& tenant, const UnstartedRun& run) {
  CARILLON_CHECK(run.outcome == RunState::skipped || run.outcome == RunState::missed);
  tx_.exec(sql::insert_unstarted_run, run.id, tenant, run.task, run.task_version, run.number, run.slot, run.slot_until,
           run.folded, run.run_at, run.finished_at, run.origin, run.agent, run.correlation_id, name_of(run.outcome),
           run.reason);
}

bool RunStore::take_dedupe(const TenantId& tenant, const DedupeKey& dedupe, RunId run, Instant at) {
  return !tx_.exec(sql::take_dedupe, tenant, dedupe.key, at, run, dedupe.window).empty();
}

std::optional<RunRecord> RunStore::find(const TenantId& tenant, RunId id) {
  const pqxx::result rows = tx_.exec(sql::find_run, tenant, id);
  if (rows.empty()) return std::nullopt;
  return read_run(rows[0]);
}

std::optional<RunId> RunStore::find_id(const TenantId& tenant, const RunNumber& number, int retry) {
  const pqxx::result rows = tx_.exec(sql::find_run_id, tenant, number.task, number.number, retry);
  if (rows.empty()) return std::nullopt;
  return column<RunId>(rows[0]["id"]);
}

std::vector<int> RunStore::retries(const TenantId& tenant, const RunNumber& number) {
  std::vector<int> retries;
  for (const auto& row : tx_.exec(sql::list_retries, tenant, number.task, number.number))
    retries.push_back(column<int>(row["retry"]));
  return retries;
}

RunBody RunStore::body(const TenantId& tenant, RunId id) {
  RunBody body;
  const pqxx::result rows = tx_.exec(sql::find_run_body, tenant, id);
  if (rows.empty()) return body;
  const auto row = rows[0];
  if (auto payload = column<std::optional<Bytes>>(row["payload"])) body.payload = std::move(payload->data);
  body.output = json_or_null(row["output"]);
  body.output_bytes = column<std::optional<std::int64_t>>(row["output_bytes"]).value_or(0);
  body.output_cut = column<bool>(row["output_cut"]);
  body.output_gone = column<bool>(row["output_gone"]);
  body.progress = json_or_null(row["progress"]);
  body.cost = cost_of(row["micro_dollars"]);
  return body;
}

std::vector<StepRecord> RunStore::steps(const TenantId& tenant, RunId id, int limit) {
  std::vector<StepRecord> steps;
  for (const auto& row : tx_.exec(sql::list_steps, tenant, id, limit))
    steps.push_back({
        .step = column<std::string>(row["step_path"]),
        .attempt = column<int>(row["attempt"]),
        .state = column<std::string>(row["state"]),
        .tool = text_or_empty(row["tool"]),
        .started_at = column<Instant>(row["started_at"]),
        .finished_at = column<std::optional<Instant>>(row["finished_at"]),
        .not_before = column<std::optional<Instant>>(row["not_before"]),
        .waits_for = text_or_empty(row["waits_for"]),
        .error_class = text_or_empty(row["error_class"]),
        .error_message = text_or_empty(row["error_message"]),
        .output = json_or_null(row["output"]),
        .output_bytes = column<std::optional<std::int64_t>>(row["output_bytes"]).value_or(0),
        .cost = cost_of(row["micro_dollars"]),
        .reused_from = column<std::optional<int>>(row["reused_from"]),
        .child = text_or_empty(row["child"]),
        .child_state = text_or_empty(row["child_state"]),
    });
  return steps;
}

std::vector<RunRecord> RunStore::list(const TenantId& tenant, const RunQuery& query) {
  std::vector<RunRecord> runs;
  for (const auto& row :
       tx_.exec(sql::list_runs, tenant, query.task, query.states, query.tag, query.agent, query.error_class, query.from,
                query.before, query.limit, query.pipeline, query.among))
    runs.push_back(read_run(row));
  return runs;
}

std::int64_t RunStore::count(const TenantId& tenant, const RunQuery& query, std::int64_t up_to) {
  const pqxx::result rows = tx_.exec(sql::count_runs, tenant, query.task, query.states, query.tag, query.agent,
                                     query.error_class, query.from, query.before, up_to, query.pipeline, query.among);
  return column<std::int64_t>(rows.at(0)["total"]);
}

std::vector<RunId> RunStore::dead(const TenantId& tenant, const DeadQuery& query) {
  std::vector<RunId> ids;
  for (const auto& row :
       tx_.exec(sql::dead_runs, tenant, query.outcomes, query.task, query.error_class, query.from, query.limit))
    ids.push_back(column<RunId>(row["id"]));
  return ids;
}

bool RunStore::remove(const TenantId& tenant, RunId id) { return !tx_.exec(sql::delete_run, tenant, id).empty(); }

bool RunStore::cancel_ready(const TenantId& tenant, const ReadyRun& run, const RunEnding& ending) {
  const pqxx::result rows =
      tx_.exec(sql::cancel_ready_run, run.shard, run.priority, run.run_at, run.id, tenant, name_of(ending.outcome),
               ending.at, class_name(ending), null_if_empty(ending.reason), ending.by_force);
  return !rows.empty();
}

bool RunStore::move_ready(const TenantId& tenant, const ReadyRun& run, Instant to) {
  return !tx_.exec(sql::move_ready_run, run.shard, run.priority, run.run_at, run.id, tenant, to).empty();
}

bool RunStore::compensate_ready(const TenantId& tenant, const ReadyRun& run, const CancelWish& wish) {
  return !tx_.exec(sql::compensate_ready_run, run.shard, run.priority, run.run_at, run.id, tenant, wish.at,
                   null_if_empty(wish.reason))
              .empty();
}

bool RunStore::request_cancel(const TenantId& tenant, RunId id, const CancelWish& wish) {
  // Every state in which next_state() knows a cancel and a worker or a timer holds the run.
  std::vector<std::string> from;
  for (const RunState state : {RunState::running, RunState::waiting})
    if (next_state(state, RunEvent::cancel)) from.emplace_back(name_of(state));
  return !tx_.exec(sql::request_cancel, id, tenant, from, wish.at, null_if_empty(wish.reason), wish.undoes).empty();
}

bool RunStore::end_live(const TenantId& tenant, RunId id, const Expected& expected, const RunEnding& ending) {
  const std::vector<std::string> from{std::string(name_of(expected.from))};
  const pqxx::result rows =
      tx_.exec(sql::end_live_run, id, tenant, from, expected.call_state, name_of(ending.outcome), ending.at,
               class_name(ending), null_if_empty(ending.error_message), null_if_empty(ending.reason), ending.by_force);
  return !rows.empty();
}

bool RunStore::pause_ready(const TenantId& tenant, const ReadyRun& run, const RunPause& pause) {
  return !tx_.exec(sql::pause_ready_run, run.shard, run.priority, run.run_at, run.id, tenant, pause.by,
                   null_if_empty(pause.reason), pause.until)
              .empty();
}

std::optional<Instant> RunStore::resume_ready(const TenantId& tenant, const ReadyRun& run) {
  const pqxx::result rows = tx_.exec(sql::resume_ready_run, run.shard, run.priority, run.run_at, run.id, tenant);
  if (rows.empty()) return std::nullopt;
  return column<Instant>(rows[0]["run_at"]);
}

bool RunStore::pause_live(const TenantId& tenant, RunId id, const RunPause& pause) {
  return !tx_.exec(sql::pause_live_run, tenant, id, pause.by, null_if_empty(pause.reason), pause.until).empty();
}

bool RunStore::resume_live(const TenantId& tenant, RunId id) {
  return !tx_.exec(sql::resume_live_run, tenant, id).empty();
}

std::optional<std::int16_t> RunStore::wake(const TenantId& tenant, RunId id) {
  const pqxx::result rows = tx_.exec(sql::wake_waiting_run, tenant, id);
  if (rows.empty()) return std::nullopt;
  return column<std::int16_t>(rows[0]["shard"]);
}

std::vector<ReadyRun> RunStore::ready_of(const TenantId& tenant, TaskId task) {
  std::vector<ReadyRun> runs;
  for (const auto& row : tx_.exec(sql::list_ready_of_task, tenant, task))
    runs.push_back({column<std::int16_t>(row["shard"]), column<int>(row["priority"]), column<Instant>(row["run_at"]),
                    column<RunId>(row["id"]), column<std::int64_t>(row["number"]), column<int>(row["retry"])});
  return runs;
}

std::vector<LiveRun> RunStore::live_of(const TenantId& tenant, TaskId task) {
  std::vector<LiveRun> runs;
  for (const auto& row : tx_.exec(sql::list_live_of_task, tenant, task))
    runs.push_back({column<RunId>(row["id"]), column<std::int64_t>(row["number"]), column<int>(row["retry"]),
                    run_state_of(column<std::string>(row["state"]))});
  return runs;
}

BusyRuns RunStore::busy(const TenantId& tenant, const std::optional<std::vector<std::int64_t>>& tasks) {
  const pqxx::result rows = tx_.exec(sql::busy_of_tasks, tenant, tasks, kHeldUntil);
  const auto row = rows.at(0);
  return {column<std::int64_t>(row["queued"]), column<std::int64_t>(row["running"]),
          column<std::int64_t>(row["waiting"])};
}

std::vector<Instant> RunStore::slots_that_ran(const TenantId& tenant, TaskId task, const std::vector<Instant>& slots) {
  std::vector<Instant> ran;
  for (const auto& row : tx_.exec(sql::slots_that_ran, tenant, task, slots))
    ran.push_back(column<Instant>(row["slot"]));
  return ran;
}

std::vector<LeftOut> RunStore::slots_left_out(const TenantId& tenant, TaskId task, const LeftOutQuery& query) {
  std::vector<LeftOut> rows;
  for (const auto& row :
       tx_.exec(sql::slots_left_out, tenant, task, query.from, query.before, query.limit, name_of(RunState::skipped)))
    rows.push_back({column<Instant>(row["slot"]), column<std::optional<Instant>>(row["slot_until"])});
  return rows;
}

std::vector<RunId> RunStore::take_slots(const TenantId& tenant, TaskId task, const std::vector<SlotRun>& runs) {
  std::vector<Instant> slots;
  std::vector<RunId> ids;
  for (const SlotRun& run : runs) {
    slots.push_back(run.slot);
    ids.push_back(run.run);
  }
  std::vector<RunId> taken;
  for (const auto& row : tx_.exec(sql::backfill_slots, tenant, task, slots, ids))
    taken.push_back(column<RunId>(row["run_id"]));
  return taken;
}

std::vector<ReadyRun> RunStore::release_held(const TenantId& tenant, TaskId task, const Release& release) {
  std::vector<ReadyRun> released;
  for (const auto& row : tx_.exec(sql::release_held, tenant, task, kHeldUntil, release.at, release.key, release.shard))
    released.push_back({column<std::int16_t>(row["shard"]), 0, release.at, column<RunId>(row["id"]),
                        column<std::int64_t>(row["number"]), column<int>(row["retry"])});
  std::sort(released.begin(), released.end(), [](const ReadyRun& a, const ReadyRun& b) { return a.id < b.id; });
  return released;
}

std::vector<KeyHolder> RunStore::key_holders(const TenantId& tenant, const std::string& concurrency_key, int limit) {
  std::vector<KeyHolder> holders;
  for (const auto& row : tx_.exec(sql::find_key_holders, tenant, concurrency_key, limit))
    holders.push_back({column<RunId>(row["id"]), column<std::string>(row["name"]), column<std::int64_t>(row["number"]),
                       column<int>(row["retry"])});
  return holders;
}

std::optional<Success> RunStore::previous_success(const TenantId& tenant, TaskId task, RunId before) {
  const pqxx::result rows = tx_.exec(sql::previous_success, tenant, task, before);
  if (rows.empty()) return std::nullopt;
  return Success{column<int>(rows[0]["task_version"]), column<Instant>(rows[0]["finished_at"])};
}

EndedRuns RunStore::statistics(const TenantId& tenant, TaskId task, RunId since) {
  const pqxx::result rows = tx_.exec(sql::run_statistics, tenant, task, since);
  const auto row = rows.at(0);
  return EndedRuns{
      .succeeded = column<std::int64_t>(row["succeeded"]),
      .failed = column<std::int64_t>(row["failed"]),
      .unknown = column<std::int64_t>(row["unknown"]),
      .missed = column<std::int64_t>(row["missed"]),
      .skipped = column<std::int64_t>(row["skipped"]),
      .p50 = column<std::optional<Duration>>(row["p50"]),
      .p95 = column<std::optional<Duration>>(row["p95"]),
      .late_p50 = column<std::optional<Duration>>(row["late_p50"]),
      .late_p95 = column<std::optional<Duration>>(row["late_p95"]),
      .cost = cost_of(row["micro_dollars"]),
  };
}

std::vector<RunId> RunStore::attention(const TenantId& tenant, const EndsWanted& wanted, int limit) {
  const Bounds bounds = bounds_of(wanted);
  std::vector<RunId> ids;
  for (const auto& row : tx_.exec(sql::runs_needing_attention, tenant, bounds.from, wanted.unseen_by, bounds.surely_new,
                                  wanted.seen_by, limit))
    ids.push_back(column<RunId>(row["id"]));
  return ids;
}

EndedRuns RunStore::outcomes(const TenantId& tenant, const EndsWanted& wanted) {
  const Bounds bounds = bounds_of(wanted);
  EndedRuns counts;
  for (const auto& row :
       tx_.exec(sql::count_outcomes, tenant, bounds.from, wanted.unseen_by, bounds.surely_new, wanted.seen_by))
    count_outcome(counts, run_state_of(column<std::string>(row["outcome"])), column<std::int64_t>(row["total"]));
  return counts;
}

std::vector<RunId> RunStore::ended_among(const std::vector<std::int64_t>& ids) {
  std::vector<RunId> ended;
  for (const auto& row : tx_.exec(sql::ended_runs, ids)) ended.push_back(column<RunId>(row["id"]));
  return ended;
}

}  // namespace carillon
