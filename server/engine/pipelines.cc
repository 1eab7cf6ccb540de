#include "server/engine/pipelines.h"

#include <charconv>

#include "server/domain/nearest.h"
#include "server/domain/refusal.h"
#include "server/engine/lookup.h"
#include "server/engine/task_definition.h"

namespace carillon {

namespace {

Error no_such_version(const PipelineRecord& there, const PipelineName& wanted) {
  Error error{ErrorCode::unknown_name,
              "\"" + there.name + "\" has no version " + std::to_string(*wanted.version) + "; its latest is " +
                  std::to_string(there.latest),
              wanted.pointer, there.name + "@" + std::to_string(*wanted.version)};
  error.details["current_version"] = there.latest;
  error.try_instead = {there.name, there.name + "@" + std::to_string(there.latest)};
  return error;
}

Error no_such_pipeline(Tx& tx, const TenantId& tenant, const PipelineName& wanted) {
  const auto close = nearest(wanted.name, PipelineStore{tx}.find_names(tenant, "", kNamesComparedMax).names);
  Error error{ErrorCode::unknown_name,
              "there is no pipeline \"" + wanted.name + "\"" + did_you_mean(close) + "; save_pipeline makes one",
              wanted.pointer, wanted.name};
  error.details["nearest"] = close;
  for (const auto& name : close) error.try_instead.push_back(name);
  return error;
}

}  // namespace

Result<PipelineName> read_pipeline_name(const std::string& text, const std::string& pointer) {
  PipelineName wanted{text, std::nullopt, pointer};
  const auto at = text.rfind('@');
  if (at == std::string::npos) return wanted;
  int version = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data() + at + 1, end, version);
  if (problem != std::errc{} || stopped != end || version < 1)
    return invalid("a version is named like brief@3", pointer, text);
  wanted.name.resize(at);
  wanted.version = version;
  return wanted;
}

Status check_pipeline_name(const std::string& name) {
  if (auto fits = check_task_name(name, "/name"); !fits) return fits;
  if (name.find('@') != std::string::npos)
    return invalid("a pipeline's name has no @, which comes before a version", "/name", name);
  return Done{};
}

Result<PipelineRecord> find_pipeline(Tx& tx, const TenantId& tenant, const PipelineName& wanted) {
  PipelineStore pipelines{tx};
  if (wanted.name.find('\0') == std::string::npos) {
    if (auto found = pipelines.find(tenant, wanted.name, wanted.version)) return std::move(*found);
    if (wanted.version)
      if (const auto there = pipelines.find(tenant, wanted.name)) return no_such_version(*there, wanted);
  }
  return no_such_pipeline(tx, tenant, wanted);
}

Result<Action> action_of(const json& definition) {
  json action{{"kind", "steps"}, {"steps", definition.value("steps", json())}};
  for (const char* member : {"inputs", "output"})
    if (definition.contains(member)) action[member] = definition[member];
  return read_action(action, "");
}

Result<Action> action_of_pipeline(Tx& tx, const TenantId& tenant, const PipelineName& wanted, Hold hold) {
  if (hold == Hold::yes && wanted.name.find('\0') == std::string::npos) PipelineStore{tx}.share(tenant, wanted.name);
  const auto found = find_pipeline(tx, tenant, wanted);
  if (!found) return found.error();
  if (found->is_template) {
    Error error{ErrorCode::conflict,
                "\"" + found->name + "\" is a template; save_pipeline with from_template makes a pipeline of it",
                wanted.pointer, found->name};
    error.try_instead = json::array(
        {{{"tool", "save_pipeline"},
          {"arguments", {{"name", found->name + "-1"}, {"from_template", found->name}, {"params", json::object()}}}}});
    return error;
  }
  auto action = action_of(found->definition);
  if (!action)
    return Error{ErrorCode::conflict,
                 "the pipeline was saved by another version and cannot be read: " + action.error().message,
                 wanted.pointer, found->name};
  action->use = PipelineUse{found->id.number(), found->name, found->version, !wanted.version};
  return action;
}

Result<PipelineTarget> pipeline_target(Tx& tx, const TenantId& tenant, const PipelineName& wanted) {
  const auto action = action_of_pipeline(tx, tenant, wanted);
  if (!action) return action.error();
  TaskStore tasks{tx};
  auto task = tasks.lock(tenant, {.id = TaskId{action->use->id}});
  const auto stored = task ? tasks.definition(tenant, task->id, action->use->version) : std::nullopt;
  if (!stored) return Error{ErrorCode::conflict, "the pipeline was deleted just now", wanted.pointer, wanted.name};
  auto definition = definition_from_json(*stored);
  if (!definition) return definition.error();
  return PipelineTarget{*std::move(task), action->use->version, *std::move(definition)};
}

Result<std::optional<Action>> pipeline_of(Tx& tx, const TenantId& tenant, const ActionDraft& draft, Hold hold) {
  if (!draft.pipeline) return std::optional<Action>{};
  const auto name = read_pipeline_name(*draft.pipeline);
  if (!name) return name.error();
  auto action = action_of_pipeline(tx, tenant, *name, hold);
  if (!action) return action.error();
  return std::optional{*std::move(action)};
}

}  // namespace carillon
