#include "server/store/pipeline_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

namespace {

PipelineRecord read_pipeline(const pqxx::row& row) {
  return {.id = column<TaskId>(row["task_id"]),
          .name = column<std::string>(row["name"]),
          .latest = column<int>(row["latest"]),
          .version = column<int>(row["version"]),
          .definition = json_of(column<Bytes>(row["definition"])),
          .is_template = column<bool>(row["is_template"]),
          .created_at = column<Instant>(row["created_at"]),
          .created_by = column<std::string>(row["created_by"])};
}

}  // namespace

std::optional<PipelineRecord> PipelineStore::find(const TenantId& tenant, const std::string& name,
                                                  std::optional<int> version) {
  const pqxx::result rows = tx_.exec(sql::find_pipeline, tenant, name, version);
  if (rows.empty()) return std::nullopt;
  return read_pipeline(rows[0]);
}

void PipelineStore::share(const TenantId& tenant, const std::string& name) {
  tx_.exec(sql::share_pipeline, tenant, name);
}

void PipelineStore::insert(const TenantId& tenant, const PipelineRecord& record) {
  tx_.exec(sql::insert_pipeline_version, tenant, record.id, record.version, bytes_of(record.definition),
           record.is_template, record.created_at, record.created_by);
}

std::vector<ListedPipeline> PipelineStore::list(const TenantId& tenant, const PipelineQuery& query) {
  std::vector<ListedPipeline> found;
  for (const auto& row :
       tx_.exec(sql::list_pipelines, tenant, query.text, query.templates, query.after_name, query.limit))
    found.push_back({read_pipeline(row), column<std::int64_t>(row["tasks"])});
  return found;
}

std::int64_t PipelineStore::count(const TenantId& tenant, const PipelineQuery& query) {
  return column<std::int64_t>(tx_.exec(sql::count_pipelines, tenant, query.text, query.templates).at(0)["total"]);
}

std::vector<PipelineVersion> PipelineStore::versions(const TenantId& tenant, TaskId id, int limit) {
  std::vector<PipelineVersion> versions;
  for (const auto& row : tx_.exec(sql::list_pipeline_versions, tenant, id, limit))
    versions.push_back({column<int>(row["version"]), column<std::string>(row["checksum"]),
                        column<Instant>(row["created_at"]), column<std::string>(row["created_by"])});
  return versions;
}

std::vector<PipelineUser> PipelineStore::users(const TenantId& tenant, TaskId id) {
  std::vector<PipelineUser> users;
  for (const auto& row : tx_.exec(sql::tasks_with_pipeline, tenant, id))
    users.push_back({column<TaskId>(row["task_id"]), column<std::string>(row["name"]),
                     column<bool>(row["living"]) ? Living::yes : Living::no});
  return users;
}

NamesFound PipelineStore::find_names(const TenantId& tenant, const std::string& part, int limit) {
  NamesFound found;
  for (const auto& row : tx_.exec(sql::find_pipeline_names, tenant, part, limit)) {
    found.names.push_back(column<std::string>(row["name"]));
    found.total = column<std::int64_t>(row["total"]);
  }
  return found;
}

}  // namespace carillon
