#include "server/domain/duration_text.h"
#include "server/domain/error_class.h"
#include "server/domain/run_handle.h"
#include "server/engine/action_check.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/paging.h"
#include "server/engine/run_view.h"
#include "server/engine/standing.h"
#include "server/store/webhook_store.h"

// list_tasks and get_task: find tasks, and one task in full.

namespace carillon {

namespace {

constexpr std::size_t kNextListed = 5;
constexpr int kRunsShown = 5;
constexpr Duration kStatisticsOver = std::chrono::days{30};

std::string_view name_of_filter(TaskFilter filter) {
  switch (filter) {
    case TaskFilter::active:
      return "active";
    case TaskFilter::paused:
      return "paused";
    case TaskFilter::done:
      return "done";
    case TaskFilter::failing:
      return "failing";
  }
  return "";
}

struct TaskListing {
  Tx& tx;
  const TenantId& tenant;
  Instant now;
  const QuietSettings& quiet;
};

// What will run; of a paused task with an end of its pause what will run then, of another paused one nothing.
std::vector<NextSlot> next_of(const TaskListing& looking, const TaskRecord& task, const TaskDefinition& definition) {
  Instant from = looking.now;
  if (task.state == TaskState::done) return {};
  if (task.state == TaskState::paused) {
    if (!task.paused_until) return {};
    from = std::max(from, *task.paused_until);
  }
  return upcoming(rhythm_of({looking.tx, looking.tenant, looking.quiet}, task, definition), from, kNextListed);
}

std::optional<LastRun> last_of(const ListedTask& listed) {
  if (!listed.last) return std::nullopt;
  return LastRun{.run = to_string(RunHandle{listed.task.name, listed.last->number, listed.last->retry}),
                 .state = run_state_named(listed.last->outcome).value_or(RunState::unknown),
                 .finished_at = listed.last->finished_at,
                 .error_class = listed.last->error_class};
}

TaskRow row_of(const ListedTask& listed, const TaskDefinition& definition, const std::vector<NextSlot>& next) {
  const TaskRecord& task = listed.task;
  TaskRow row{.task = task.name,
              .task_id = task.id.number(),
              .state = task.state,
              .kind = std::string(name_of(definition.schedule.kind())),
              .reads = reads(definition.schedule),
              .zone = task.zone,
              .action = describe_action(definition.action),
              .next = next.empty() ? std::nullopt : std::optional{next.front().at},
              .last = last_of(listed),
              .tags = task.tags,
              .priority = task.priority,
              .agent = task.agent.str(),
              .paused_until = task.paused_until};
  row.failing = task.state != TaskState::done && row.last &&
                (row.last->state == RunState::failed || row.last->state == RunState::unknown);
  return row;
}

// A task whose definition this version cannot read is listed all the same.
TaskRow unreadable_row(const ListedTask& listed) {
  return {.task = listed.task.name,
          .task_id = listed.task.id.number(),
          .state = listed.task.state,
          .kind = {},
          .reads = "its definition cannot be read",
          .zone = listed.task.zone,
          .action = {},
          .last = last_of(listed),
          .tags = listed.task.tags,
          .priority = listed.task.priority,
          .agent = listed.task.agent.str()};
}

TaskQuery query_of(const ListTasks& query) {
  TaskQuery wanted{.text = query.query,
                   .states = std::nullopt,
                   .kind = query.kind,
                   .agent = query.agent,
                   .tag = query.tag,
                   .priority = query.priority,
                   .limit = query.limit + 1};
  if (!query.states.empty()) {
    wanted.states.emplace();
    for (const TaskFilter filter : query.states) wanted.states->emplace_back(name_of_filter(filter));
  }
  return wanted;
}

RunStatistics statistics_of(const EndedRuns& ended) {
  RunStatistics statistics{.finished = ended.succeeded + ended.failed + ended.unknown,
                           .succeeded = ended.succeeded,
                           .failed = ended.failed,
                           .unknown = ended.unknown,
                           .missed = ended.missed,
                           .skipped = ended.skipped,
                           .success_rate = std::nullopt,
                           .p50 = ended.p50,
                           .p95 = ended.p95,
                           .late_p50 = ended.late_p50,
                           .late_p95 = ended.late_p95,
                           .cost = ended.cost};
  if (statistics.finished > 0)
    statistics.success_rate = static_cast<double>(ended.succeeded) / static_cast<double>(statistics.finished);
  return statistics;
}

}  // namespace

Result<TaskPage> Engine::list_tasks(const Caller& caller, const ListTasks& query) {
  if (auto fit = check_limit(query.limit, "/limit"); !fit) return fit.error();
  const auto after = read_cursor(Listing::tasks, query.cursor);
  if (!after) return after.error();
  const Instant now = parts_.clock.now();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<TaskPage> {
    TaskStore tasks{tx};
    TaskQuery wanted = query_of(query);
    TaskPage page{.tasks = {}, .total = tasks.count(caller.tenant, wanted), .next_cursor = std::nullopt, .now = now};
    wanted.after_name = *after;
    for (const ListedTask& listed : tasks.list(caller.tenant, wanted)) {
      const auto definition = definition_of(listed.task);
      page.tasks.push_back(
          definition
              ? row_of(listed, *definition, next_of({tx, caller.tenant, now, options_.quiet}, listed.task, *definition))
              : unreadable_row(listed));
    }
    if (page.tasks.size() > static_cast<std::size_t>(query.limit)) {
      page.tasks.pop_back();
      page.next_cursor = make_cursor(Listing::tasks, page.tasks.back().task);
    }
    return page;
  });
}

Result<TaskDetail> Engine::get_task(const Caller& caller, const GetTask& query) {
  const Instant now = parts_.clock.now();
  auto told = parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<TaskDetail> {
    const auto task = find_task(tx, caller.tenant, {.text = query.task});
    if (!task) return task.error();
    auto definition = definition_of(*task);
    if (!definition) return definition.error();
    const auto listed = TaskStore{tx}.list(caller.tenant, {.ids = std::vector{task->id.number()}, .limit = 1});
    RunStore runs{tx};
    const MisfirePolicy misfire = misfire_policy(*definition, now);
    TaskDetail detail{
        .version = task->version,
        .next = next_of({tx, caller.tenant, now, options_.quiet}, *task, *definition),
        .statistics = statistics_of(runs.statistics(caller.tenant, task->id, first_id_at(now - kStatisticsOver))),
        .created_at = task->created_at,
        .created_by = task->created_by,
        .updated_at = task->updated_at,
        .pause_reason = task->pause_reason,
        .paused_by = task->paused_by,
        .fired = task->fired_count,
        .overlap = std::string(name_of(overlap_policy(*definition))),
        .misfire = std::string(name_of(misfire.misfire)),
        .grace = misfire.grace ? to_text(*misfire.grace) : "",
        .now = now};
    detail.row = row_of(listed.empty() ? ListedTask{*task, std::nullopt} : listed.front(), *definition, detail.next);
    for (const RunRecord& run : runs.list(caller.tenant, {.task = task->id, .limit = kRunsShown}))
      detail.last.push_back(view_of(run));
    detail.webhook = WebhookStore{tx}.of(caller.tenant, task->id).value_or("");
    detail.definition = std::move(*definition);
    return detail;
  });
  if (!told || told->row.state == TaskState::done) return told;
  told->warnings = troubles_ahead(parts_.tools, caller.tenant, told->definition.action, options_.look_wait);
  // A server that was signed in to may be described as before, although its calls are refused by now.
  if (told->warnings.empty() && !told->last.empty() &&
      told->last.front().error_class == describe(ErrorClass::needs_sign_in).name)
    told->warnings.push_back("the last run wanted a sign-in: " + told->last.front().error_message);
  return told;
}

}  // namespace carillon
