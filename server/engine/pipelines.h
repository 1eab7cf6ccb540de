// Saved pipelines by their names, and as what a task or a run does. Inside a transaction. Stateless.
#pragma once

#include <optional>
#include <string>

#include "server/base/result.h"
#include "server/domain/action.h"
#include "server/domain/caller.h"
#include "server/domain/task_draft.h"
#include "server/store/pipeline_store.h"

namespace carillon {

struct PipelineName {
  std::string name;
  std::optional<int> version{};  // none: the latest
  std::string pointer = "/pipeline";
};
// "brief" or "brief@3". Errors: arguments_invalid at `pointer`.
Result<PipelineName> read_pipeline_name(const std::string& text, const std::string& pointer = "/pipeline");

// 1 to 200 characters like a task's, without `@`. Errors: arguments_invalid at /name.
Status check_pipeline_name(const std::string& name);

// Errors: unknown_name at the name's pointer, with the nearest names or the versions that there are.
Result<PipelineRecord> find_pipeline(Tx& tx, const TenantId& tenant, const PipelineName& wanted);

// What a pipeline's definition does, with an empty input; not yet anybody's. A template does nothing, but it is read
// like any other. Errors: what makes it unfit, the pointer at /steps/…, /inputs or /output.
Result<Action> action_of(const json& definition);

// What a task does that runs it: its steps, and whose they are. With hold it stays as it is until the transaction ends.
// Errors: those of find_pipeline, conflict for a template.
enum class Hold { no, yes };
Result<Action> action_of_pipeline(Tx& tx, const TenantId& tenant, const PipelineName& wanted, Hold hold = Hold::no);

// What a run of a pipeline is a run of: its own task, whose row is locked, in that version. Errors: those of
// action_of_pipeline.
struct PipelineTarget {
  TaskRecord task;
  int version;
  TaskDefinition definition;
};
Result<PipelineTarget> pipeline_target(Tx& tx, const TenantId& tenant, const PipelineName& wanted);

// What a task does whose draft names a pipeline; nothing where it names none.
Result<std::optional<Action>> pipeline_of(Tx& tx, const TenantId& tenant, const ActionDraft& draft,
                                          Hold hold = Hold::no);

}  // namespace carillon
