#include <charconv>
#include <map>

#include "server/domain/moment.h"
#include "server/engine/awaited_runs.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/paging.h"
#include "server/engine/pipelines.h"
#include "server/engine/run_pausing.h"
#include "server/engine/run_view.h"
#include "server/engine/run_waiting.h"
#include "server/store/step_wait_store.h"

// list_runs: find runs, those that did not run included.

namespace carillon {

namespace {

constexpr std::int64_t kTotalMax = 100'000;  // a total beyond is told as this

// The ids made in the window and before the cursor.
Result<Done> read_bounds(const ListRuns& query, const MomentContext& context, RunQuery& bounds) {
  if (query.since) {
    MomentContext since = context;
    since.pointer = "/since";
    const auto from = read_since(*query.since, since);
    if (!from) return from.error();
    bounds.from = first_id_at(*from);
  }
  if (query.until) {
    MomentContext until = context;
    until.pointer = "/until";
    const auto before = read_moment(*query.until, until);
    if (!before) return before.error();
    bounds.before = first_id_at(*before);
  }
  return Done{};
}

// Narrows the window to what lies behind the cursor.
Result<RunQuery> behind_cursor(const ListRuns& query, RunQuery window) {
  const auto key = read_cursor(Listing::runs, query.cursor);
  if (!key) return key.error();
  if (!*key) return window;
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars((*key)->data(), (*key)->data() + (*key)->size(), id);
  if (error != std::errc{} || end != (*key)->data() + (*key)->size())
    return Error{ErrorCode::arguments_invalid, "take the cursor from next_cursor of the page before", "/cursor",
                 *query.cursor};
  if (!window.before || RunId{id} < *window.before) window.before = RunId{id};
  return window;
}

// What the calls of running runs ask.
void put_questions(Tx& tx, const TenantId& tenant, std::vector<RunRow>& rows) {
  std::vector<RunId> running;
  for (const RunRow& row : rows)
    if (row.state == RunState::running) running.emplace_back(row.run_id);
  if (running.empty()) return;
  std::map<std::int64_t, std::vector<OpenQuestion>> by_run;
  for (OpenQuestion& question : QuestionStore{tx}.open(tenant, running))
    by_run[question.run.number()].push_back(std::move(question));
  for (RunRow& row : rows)
    if (const auto found = by_run.find(row.run_id); found != by_run.end()) row.asks = asks_of(found->second);
}

// What those that hold no worker wait to be told.
void put_waits(Tx& tx, const TenantId& tenant, std::vector<RunRow>& rows) {
  std::vector<RunId> waiting;
  for (const RunRow& row : rows)
    if (row.state == RunState::waiting) waiting.emplace_back(row.run_id);
  if (waiting.empty()) return;
  const auto by_run = StepWaitStore{tx}.texts(tenant, waiting);
  for (RunRow& row : rows)
    if (const auto found = by_run.find(row.run_id); found != by_run.end())
      for (const std::string& each : found->second) row.waits_for += (row.waits_for.empty() ? "" : "; ") + each;
}

}  // namespace

Result<RunPage> Engine::list_runs(const Caller& caller, const ListRuns& query) {
  if (auto fit = check_limit(query.limit, "/limit"); !fit) return fit.error();
  if (auto fit = check_error_class(query.error_class); !fit) return fit.error();
  const Instant now = parts_.clock.now();
  RunQuery wanted{.task = std::nullopt,
                  .pipeline = std::nullopt,
                  .states = std::nullopt,
                  .tag = query.tag,
                  .agent = query.agent,
                  .error_class = query.error_class,
                  .limit = query.limit + 1};
  if (auto fit = read_bounds(query, {.now = now, .zone = zone_of(caller), .pointer = ""}, wanted); !fit)
    return fit.error();
  if (!query.states.empty()) {
    wanted.states.emplace();
    for (const RunState state : query.states) wanted.states->emplace_back(name_of(state));
  }
  std::optional<Awaited> awaited;
  if (query.waiting_for) {
    auto read = read_awaited(caller, *query.waiting_for);
    if (!read) return read.error();
    awaited = *std::move(read);
  }
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<RunPage> {
    RunQuery all = wanted;
    if (awaited) all.among = WorkStore{tx}.awaiting(caller.tenant, *awaited, now);
    if (query.task) {
      const auto task = find_task(tx, caller.tenant, {.text = *query.task});
      if (!task) return task.error();
      all.task = task->id;
    }
    if (query.pipeline) {
      const auto pipeline = find_pipeline(tx, caller.tenant, {*query.pipeline});
      if (!pipeline) return pipeline.error();
      all.pipeline = pipeline->id;
    }
    const auto page = behind_cursor(query, all);
    if (!page) return page.error();
    RunStore runs{tx};
    RunPage answer{
        .runs = {}, .total = runs.count(caller.tenant, all, kTotalMax), .next_cursor = std::nullopt, .now = now};
    for (const RunRecord& run : runs.list(caller.tenant, *page)) {
      answer.runs.push_back(view_of(run));
      std::string step;
      put_parent(tx, caller.tenant, answer.runs.back(), step);
      std::string& why = answer.runs.back().waits_for = paused_how(run, now);
      if (why.empty() && run.run_at <= now) why = waits_for_key(tx, caller.tenant, run);
    }
    if (answer.runs.size() > static_cast<std::size_t>(query.limit)) {
      answer.runs.pop_back();
      answer.next_cursor = make_cursor(Listing::runs, std::to_string(answer.runs.back().run_id));
    }
    put_questions(tx, caller.tenant, answer.runs);
    put_waits(tx, caller.tenant, answer.runs);
    return answer;
  });
}

}  // namespace carillon
