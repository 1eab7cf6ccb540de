#include "server/store/step_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

std::optional<StepEnd> StepStore::find_end(const TenantId& tenant, const StepKey& step) {
  const pqxx::result rows = tx_.exec(sql::find_step_end, tenant, step.lease.id, step.path, step.attempt);
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  StepEnd end{.finished_at = column<Instant>(row["at"])};
  if (const auto output = column<std::optional<Bytes>>(row["output"])) end.output = json_of(*output);
  end.error_class = column<std::optional<std::string>>(row["error_class"]).value_or("");
  end.message = column<std::optional<std::string>>(row["error_message"]).value_or("");
  if (column<std::string>(row["state"]) == "waiting")
    end.waits_until = column<std::optional<Instant>>(row["not_before"]).value_or(Instant::max());
  return end;
}

bool StepStore::insert_end(const TenantId& tenant, const StepKey& step, const StepEnd& end) {
  const std::string output = end.output.dump(-1, ' ', false, json::error_handler_t::replace);
  return !tx_.exec(sql::insert_step_end, tenant, step.lease.id, step.owner, step.lease.epoch, step.lease.attempt,
                   step.path, step.attempt, end.started_at, end.finished_at, Bytes{output})
              .empty();
}

std::vector<JournalEntry> StepStore::journal(const TenantId& tenant, RunId run) {
  std::vector<JournalEntry> entries;
  for (const auto& row : tx_.exec(sql::find_journal, tenant, run)) {
    auto output = column<std::optional<Bytes>>(row["output"]);
    entries.push_back({.step_path = column<std::string>(row["step_path"]),
                       .attempt = column<int>(row["attempt"]),
                       .state = column<std::string>(row["state"]),
                       .tool = column<std::string>(row["tool"]),
                       .started_at = column<Instant>(row["started_at"]),
                       .finished_at = column<std::optional<Instant>>(row["finished_at"]),
                       .not_before = column<std::optional<Instant>>(row["not_before"]),
                       .error_class = column<std::optional<std::string>>(row["error_class"]),
                       .error_message = column<std::optional<std::string>>(row["error_message"]),
                       .output = output ? std::optional{std::move(output->data)} : std::nullopt,
                       .output_bytes = column<std::int64_t>(row["output_bytes"]),
                       .reused_from = column<std::optional<RunId>>(row["reused_from"])});
  }
  return entries;
}

void StepStore::insert_reused(const TenantId& tenant, RunId run, const std::vector<JournalEntry>& rows) {
  for (const JournalEntry& row : rows) {
    const auto tool = row.tool.empty() ? std::nullopt : std::optional{row.tool};
    const auto output = row.output ? std::optional{Bytes{*row.output}} : std::nullopt;
    tx_.exec(sql::insert_reused_step, tenant, run, row.reused_from, row.step_path, row.attempt, row.state, tool,
             row.started_at, row.finished_at, row.error_class, row.error_message, output, row.output_bytes);
  }
}

std::vector<StepEffect> StepStore::effects(const TenantId& tenant, const std::vector<RunId>& runs) {
  std::vector<StepEffect> effects;
  for (const auto& row : tx_.exec(sql::list_effects, tenant, runs))
    effects.push_back({column<std::string>(row["step"]), column<std::string>(row["tool"])});
  return effects;
}

std::vector<MovedRetry> StepStore::move_retries(const TenantId& tenant, RunId run, const Move& move) {
  std::vector<MovedRetry> moved;
  for (const auto& row : tx_.exec(sql::move_step_retries, tenant, run, move.to, move.by))
    moved.push_back({column<Instant>(row["was_at"]), column<Instant>(row["at"])});
  return moved;
}

}  // namespace carillon
