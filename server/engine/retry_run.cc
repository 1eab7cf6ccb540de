#include <algorithm>

#include "server/domain/moment.h"
#include "server/domain/run_payload.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/paging.h"
#include "server/engine/reusing_steps.h"
#include "server/engine/run_starting.h"

// retry_run: a run that has ended is repeated, or those that a filter finds among what failed.

namespace carillon {

namespace {

// Of what is one call, "from the step that failed": refused, or from its start, because nothing else can have failed.
enum class OneCall { refused, from_start };

// What a retry is made of: a run that has ended, and how it is to be repeated.
struct Wanted {
  const RunRecord& run;
  const TaskRecord& task;  // its row is locked
  const std::string& from;
  const std::optional<json>& input;
  RetryDefinition definition;
  const json& can_answer;
  OneCall one_call = OneCall::refused;
};

std::string begins_at(const Wanted& wanted, const TaskDefinition& was) {
  const bool whole =
      wanted.one_call == OneCall::from_start && wanted.from == kFromFailedStep && was.action.kind != ActionKind::steps;
  return whole ? std::string(kFromStart) : wanted.from;
}

// Whether the run may be repeated, and as which retry.
Result<int> next_retry(Tx& tx, const TenantId& tenant, const RunRecord& run) {
  RunStore runs{tx};
  const auto retries = runs.retries(tenant, {run.task, run.number});
  for (const int retry : retries) {
    const auto id = runs.find_id(tenant, {run.task, run.number}, retry);
    const auto other = id ? runs.find(tenant, *id) : std::nullopt;
    if (!other || is_final(other->state)) continue;
    Error error{ErrorCode::conflict,
                handle_of(*other) + " is " + std::string(name_of(other->state)) + "; wait for its end or cancel it",
                "/run", handle_of(*other)};
    error.try_instead = json::array({{{"tool", "get_run"}, {"arguments", {{"run", handle_of(*other)}}}},
                                     {{"tool", "cancel_run"}, {"arguments", {{"run", handle_of(*other)}}}}});
    return error;
  }
  return retries.empty() ? 2 : retries.back() + 1;
}

Result<RunStarted> repeat(const Starting& starting, const Wanted& wanted) {
  const auto& [call, tx, telling, ids] = starting;
  const TenantId& tenant = call.caller.tenant;
  const RunRecord& run = wanted.run;
  const TaskRecord& task = wanted.task;
  const auto retry = next_retry(tx, tenant, run);
  if (!retry) return retry.error();
  const bool latest = wanted.definition == RetryDefinition::latest;
  const int version = latest ? task.version : run.task_version;
  const auto was = definition_of_version(tx, tenant, task, run.task_version);
  const auto definition = latest ? definition_of(task) : was;
  if (!definition) return definition.error();
  if (!was && wanted.from != kFromStart) return was.error();
  std::string payload = payload_without_parent(RunStore{tx}.body(tenant, run.id).payload);
  const TaskDefinition& before = was ? *was : *definition;
  const std::string from = begins_at(wanted, before);
  const auto reuse = reuse_steps(tx, tenant, {run, before, *definition, payload, from});
  if (!reuse) return reuse.error();
  if (wanted.input) {
    auto given = payload_for(definition->action, wanted.input);
    if (!given) return given.error();
    payload = payload_with_event_of(std::move(*given), payload);
  }
  const std::string handle = handle_of(run);
  const RunOrder order{.task = task,
                       .definition = *definition,
                       .version = version,
                       .origin = "retry",
                       .run_at = call.now,
                       .payload = payload_for_asker(std::move(payload), wanted.can_answer),
                       .reason = "retry of " + handle,
                       .slot = run.slot,
                       .number = run.number,
                       .retry = *retry};
  RunStarted started = start_run(starting, order);
  started.retry_of = handle;
  started.repeated = reuse->repeated;
  started.reused = reuse->reused;
  StepStore{tx}.insert_reused(tenant, RunId{started.run_id}, reuse->rows);
  telling.run_event("task.run.retried", {RunId{started.run_id}, task.id, task.name, run.number, *retry},
                    {{"retry_of", run.id.str()}});
  telling.audit(subject_of(RunId{started.run_id}), {{"run", handle}, {"state", name_of(run.state)}},
                {{"run", started.run}, {"state", started.state}});
  return started;
}

Error nothing_named() {
  Error error{ErrorCode::arguments_invalid,
              "give the run to repeat, or say which of those that failed: task, error_class, since", "/run"};
  error.try_instead =
      json::array({{{"run", "nightly-report#142"}}, {{"error_class", "rate_limited"}, {"since", "today"}}});
  return error;
}

// A call of which nobody knows whether it had its effect is repeated only where its class is asked for.
std::vector<std::string> dead_outcomes(const RetryFailed& command) {
  std::vector<std::string> outcomes{std::string(name_of(RunState::failed))};
  if (command.error_class) outcomes.emplace_back(name_of(RunState::unknown));
  return outcomes;
}

// The runs in the order in which their tasks are locked, which is the same for all who lock several.
std::vector<RunRecord> in_lock_order(Tx& tx, const TenantId& tenant, const std::vector<RunId>& ids) {
  std::vector<RunRecord> runs;
  for (const RunId id : ids)
    if (auto run = RunStore{tx}.find(tenant, id)) runs.push_back(*std::move(run));
  std::stable_sort(runs.begin(), runs.end(), [](const RunRecord& a, const RunRecord& b) { return a.task < b.task; });
  return runs;
}

void repeat_one(const Starting& starting, const RetryFailed& command, const RunRecord& run, RunsRetried& done) {
  const TenantId& tenant = starting.call.caller.tenant;
  const auto task = TaskStore{starting.tx}.lock(tenant, {.id = run.task});
  const auto retries = RunStore{starting.tx}.retries(tenant, {run.task, run.number});
  // Somebody deleted the task or the run, or repeated the run, since it was found.
  if (!task || retries.empty() || retries.back() != run.retry) return;
  const std::optional<json> same_input;
  const json nobody_waits = json::object();
  auto started =
      repeat(starting, {run, *task, command.from, same_input, command.definition, nobody_waits, OneCall::from_start});
  if (started)
    done.runs.push_back(*std::move(started));
  else
    done.refused.push_back({handle_of(run), started.error().message});
}

// Errors: those of the filter's arguments.
Result<DeadQuery> dead_query(Tx& tx, const Call& call, const RetryFailed& command, const std::string& zone) {
  DeadQuery query{.outcomes = dead_outcomes(command), .error_class = command.error_class, .limit = command.limit + 1};
  if (command.since) {
    const auto since = read_since(*command.since, {.now = call.now, .zone = zone, .pointer = "/since"});
    if (!since) return since.error();
    query.from = first_id_at(*since);
  }
  if (command.task) {
    const auto task = find_task(tx, call.caller.tenant, {.text = *command.task});
    if (!task) return task.error();
    query.task = task->id;
  }
  return query;
}

}  // namespace

Result<RunStarted> Engine::retry_run(const Caller& caller, const RetryRun& command) {
  const Call call{caller, "retry_run", command.key, parts_.clock.now()};
  return run_once<RunStarted>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunStarted> {
    const auto run = find_run(tx, caller.tenant, command.run);
    if (!run) return run.error();
    const auto task = TaskStore{tx}.lock(caller.tenant, {.id = run->task});
    if (!task)
      return Error{ErrorCode::conflict, "the run's task is deleted; update_task with restore brings it back", "/run",
                   command.run};
    return repeat({call, tx, telling, parts_.ids},
                  {*run, *task, command.from, command.input, command.definition, command.can_answer});
  });
}

Result<RunsRetried> Engine::retry_failed(const Caller& caller, const RetryFailed& command) {
  if (!command.task && !command.error_class && !command.since) return nothing_named();
  if (auto fit = check_limit(command.limit, "/limit"); !fit) return fit.error();
  if (auto fit = check_error_class(command.error_class); !fit) return fit.error();
  const Call call{caller, "retry_run", command.key, parts_.clock.now()};
  return run_once<RunsRetried>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<RunsRetried> {
    const auto query = dead_query(tx, call, command, zone_of(caller));
    if (!query) return query.error();
    auto dead = RunStore{tx}.dead(caller.tenant, *query);
    RunsRetried done{.more = dead.size() > static_cast<std::size_t>(command.limit), .at = call.now};
    if (done.more) dead.pop_back();
    for (const RunRecord& run : in_lock_order(tx, caller.tenant, dead))
      repeat_one({call, tx, telling, parts_.ids}, command, run, done);
    return done;
  });
}

}  // namespace carillon
