// PipelineStore: what the versions of saved pipelines say. A pipeline itself is a hidden task (task_store.h), whose
// name, latest version and end are the pipeline's; only living ones are found here.
//
// One method a query. Knows nothing of what a definition means: it keeps and gives JSON. Belongs to the transaction it
// was made with.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/store/task_store.h"

namespace carillon {

struct PipelineRecord {
  TaskId id;
  std::string name;
  int latest;  // version
  int version;
  json definition;
  bool is_template;
  Instant created_at;  // of the version
  std::string created_by;
};

struct ListedPipeline {
  PipelineRecord pipeline;
  std::int64_t tasks;  // that run it
};

struct PipelineVersion {
  int version;
  std::string checksum;  // the beginning of it
  Instant created_at;
  std::string created_by;
};

struct PipelineQuery {
  std::optional<std::string> text{};
  bool templates = false;
  std::optional<std::string> after_name{};
  int limit = 10;
};

struct PipelineUser {
  TaskId task;
  std::string name;
  Living living;
};

class PipelineStore {
 public:
  explicit PipelineStore(Tx& tx) : tx_(tx) {}

  // That version, or the latest.
  std::optional<PipelineRecord> find(const TenantId& tenant, const std::string& name,
                                     std::optional<int> version = std::nullopt);
  // Holds the pipeline as it is until the transaction ends.
  void share(const TenantId& tenant, const std::string& name);
  void insert(const TenantId& tenant, const PipelineRecord& record);
  std::vector<ListedPipeline> list(const TenantId& tenant, const PipelineQuery& query);
  std::int64_t count(const TenantId& tenant, const PipelineQuery& query);
  std::vector<PipelineVersion> versions(const TenantId& tenant, TaskId id, int limit);
  // Tasks that run it in any version, in the order of their ids.
  std::vector<PipelineUser> users(const TenantId& tenant, TaskId id);
  // Those first that begin with `part`; case does not matter.
  NamesFound find_names(const TenantId& tenant, const std::string& part, int limit);

 private:
  Tx& tx_;
};

}  // namespace carillon
