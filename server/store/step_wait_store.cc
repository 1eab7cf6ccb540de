#include "server/store/step_wait_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

constexpr int kLooksMax = 3;  // while we wait for its row a run may move from the queue to a worker, and back

}  // namespace

bool StepWaitStore::insert(const TenantId& tenant, const StepKey& step, Instant began_at, const StepWait& wait) {
  return !tx_.exec(sql::insert_step_wait, tenant, step.lease.id, step.owner, step.lease.epoch, step.lease.attempt,
                   step.path, step.attempt, began_at, wait.until, wait.waits_for, wait.event_pattern, wait.condition,
                   bytes_of(wait.roots))
              .empty();
}

std::vector<std::string> StepWaitStore::patterns(const TenantId& tenant) {
  std::vector<std::string> patterns;
  for (const auto& row : tx_.exec(sql::step_wait_patterns, tenant))
    patterns.push_back(column<std::string>(row["event_pattern"]));
  return patterns;
}

std::vector<WaitingStep> StepWaitStore::waiting(const TenantId& tenant, const std::vector<std::string>& patterns) {
  std::vector<WaitingStep> steps;
  for (const auto& row : tx_.exec(sql::waiting_steps, tenant, patterns))
    steps.push_back({.run = column<RunId>(row["run_id"]),
                     .path = column<std::string>(row["step_path"]),
                     .attempt = column<int>(row["attempt"]),
                     .condition = column<std::string>(row["condition"]),
                     .roots = json_of(column<Bytes>(row["roots"])),
                     .task = column<std::string>(row["name"]),
                     .number = column<std::int64_t>(row["number"]),
                     .retry = column<int>(row["retry"])});
  return steps;
}

std::map<std::int64_t, std::vector<std::string>> StepWaitStore::texts(const TenantId& tenant,
                                                                      const std::vector<RunId>& runs) {
  std::map<std::int64_t, std::vector<std::string>> waits;
  for (const auto& row : tx_.exec(sql::waits_of_runs, tenant, runs))
    waits[column<RunId>(row["run_id"]).number()].push_back(column<std::string>(row["waits_for"]));
  return waits;
}

std::optional<ToldPlace> StepWaitStore::tell(const TenantId& tenant, const WaitingStep& step, const StepTold& told) {
  const bool is_good = told.error_class.empty();
  const auto text = [&](const std::string& said) { return is_good ? std::nullopt : std::optional{said}; };
  for (int look = 0; look < kLooksMax; ++look) {
    const pqxx::result rows = tx_.exec(sql::tell_step, tenant, step.run, step.path, step.attempt,
                                       is_good ? std::optional{bytes_of(told.output)} : std::nullopt, told.at,
                                       text(told.error_class), text(told.message));
    if (!rows.empty())
      return ToldPlace{column<std::int16_t>(rows[0]["shard"]), column<std::int16_t>(rows[0]["priority"])};
  }
  return std::nullopt;
}

bool StepWaitStore::end(const TenantId& tenant, const StepKey& step, const WaitEnd& end) {
  return !tx_.exec(sql::end_step_wait, tenant, step.lease.id, step.owner, step.lease.epoch, step.lease.attempt,
                   step.path, step.attempt, end.state, end.at, end.error_class, end.message)
              .empty();
}

}  // namespace carillon
