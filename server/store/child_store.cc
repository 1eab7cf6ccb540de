#include "server/store/child_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

ChildRun read_child(const pqxx::row& row) {
  return {.run = column<RunId>(row["run_id"]),
          .handle = column<std::string>(row["child"]),
          .parent = column<RunId>(row["parent_id"]),
          .path = column<std::string>(row["step_path"]),
          .attempt = column<int>(row["attempt"]),
          .root = column<RunId>(row["root_id"]),
          .depth = column<int>(row["depth"]),
          .finish_by = column<Instant>(row["finish_by"]),
          .times_out = column<bool>(row["times_out"]),
          .has_ended = column<bool>(row["has_ended"])};
}

std::optional<ChildRun> first_of(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return read_child(rows[0]);
}

}  // namespace

void ChildStore::insert(const TenantId& tenant, const ChildRun& child) {
  tx_.exec(sql::insert_child_run, tenant, child.run, child.handle, child.parent, child.path, child.attempt, child.root,
           child.depth, child.finish_by, child.times_out);
}

std::optional<ChildRun> ChildStore::find(const TenantId& tenant, RunId run) {
  return first_of(tx_.exec(sql::find_child_run, tenant, run));
}

std::optional<ChildRun> ChildStore::hold(const TenantId& tenant, const StepKey& step) {
  return first_of(tx_.exec(sql::hold_child_of_step, tenant, step.lease.id, step.path, step.attempt));
}

std::vector<ChildRun> ChildStore::open(const TenantId& tenant, RunId parent) {
  std::vector<ChildRun> children;
  for (const auto& row : tx_.exec(sql::open_children, tenant, parent)) children.push_back(read_child(row));
  return children;
}

std::int64_t ChildStore::count(const TenantId& tenant, RunId root) {
  return column<std::int64_t>(tx_.exec(sql::count_child_runs, tenant, root)[0]["children"]);
}

bool ChildStore::end_step(const TenantId& tenant, const StepKey& step, const ChildStepEnd& end) {
  const bool is_good = end.error_class.empty();
  const auto text = [&](const std::string& said) { return is_good ? std::nullopt : std::optional{said}; };
  return !tx_.exec(sql::end_child_step, tenant, step.lease.id, step.owner, step.lease.epoch, step.lease.attempt,
                   step.path, step.attempt, end.state, end.at,
                   is_good || !end.output.is_null() ? std::optional{bytes_of(end.output)} : std::nullopt,
                   text(end.error_class), text(end.message))
              .empty();
}

std::vector<std::pair<TenantId, RunId>> ChildStore::orphans(int limit) {
  std::vector<std::pair<TenantId, RunId>> orphans;
  for (const auto& row : tx_.exec(sql::orphan_runs, limit))
    orphans.emplace_back(column<TenantId>(row["tenant_id"]), column<RunId>(row["run_id"]));
  return orphans;
}

}  // namespace carillon
