#include "server/domain/json_schema/json_schema.h"
#include "server/domain/pipeline/input.h"
#include "server/domain/pipeline/outline.h"
#include "server/domain/pipeline/params.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/refusal.h"
#include "server/engine/action_check.h"
#include "server/engine/children.h"
#include "server/engine/engine.h"
#include "server/engine/hidden_task.h"
#include "server/engine/lookup.h"
#include "server/engine/pipelines.h"

// save_pipeline: make a pipeline, or its next version (docs/adr/0040-pipelines-are-hidden-tasks.md).

namespace carillon {

namespace {

constexpr std::size_t kDescriptionBytesMax = 4096;

// What is to be saved, read and checked.
struct Content {
  json definition;
  bool is_template = false;
  Action action{};  // of a template too: its steps are read all the same
};

struct SavingPipeline {
  const Call& call;
  const SavePipeline& command;
  const Content& content;
  Tx& tx;
  Telling& telling;
  RunIdMaker& ids;
};

std::optional<Error> check_params_schema(const json& schema) {
  Error error = invalid(R"(the params of a template are a JSON Schema: {"type": "object", "properties": {…}})",
                        "/params", schema);
  if (!schema.is_object() || !schema.contains("properties")) return error;
  const auto compiled = json_schema::compile(schema);
  if (compiled) return std::nullopt;
  error = compiled.error();
  error.pointer = "/params" + error.pointer;
  return error;
}

// What the command begins with, before what it says itself.
Result<json> beginning(Tx& tx, const TenantId& tenant, const SavePipeline& command) {
  if (!command.from_template) return json::object();
  if (command.steps) return invalid("give steps, or from_template to begin with, not both", "/steps");
  const auto name = read_pipeline_name(*command.from_template, "/from_template");
  if (!name) return name.error();
  const auto found = find_pipeline(tx, tenant, *name);
  if (!found) return found.error();
  if (found->is_template) return pipeline::with_params(found->definition, command.params.value_or(json::object()));
  if (command.params)
    return invalid("\"" + found->name + "\" is no template, so it has no params", "/params", *command.params);
  return found->definition;
}

Result<Content> content_of(Tx& tx, const TenantId& tenant, const SavePipeline& command) {
  auto definition = beginning(tx, tenant, command);
  if (!definition) return definition.error();
  Content content{.definition = *std::move(definition)};
  json& said = content.definition;
  if (command.steps) said["steps"] = *command.steps;
  if (command.inputs) said["inputs"] = *command.inputs;
  if (command.output) said["output"] = *command.output;
  if (command.description) said["description"] = *command.description;
  if (!said.contains("steps")) {
    Error error = invalid("give steps, or from_template to begin with", "/steps");
    error.try_instead = json::array({{{"name", command.name}, {"steps", {{{"id", "one"}, {"uses", "server.tool"}}}}}});
    return error;
  }
  content.is_template = command.params && !command.from_template;
  if (content.is_template) {
    said["params"] = *command.params;
    if (auto error = check_params_schema(*command.params)) return *error;
  }
  if (const json& text = said.value("description", json("")); text.is_string())
    if (auto error = unfit_text(text.get_ref<const std::string&>(), kDescriptionBytesMax, "/description"))
      return *error;
  auto action = action_of(said);
  if (!action) return action.error();
  content.action = *std::move(action);
  return content;
}

// What steps call, those of the pipelines that they run, too; of a server that is away, what is known of it.
class ToolsUsed {
 public:
  ToolsUsed(ToolCaller& tools, const TenantId& tenant) : tools_(tools), tenant_(tenant) {}

  // By the step `by`, or by each of its own.
  void add(const pipeline::Pipeline& steps, const std::string& by = {}) {
    for (const pipeline::Step* step : pipeline::leaves_of(steps))
      if (const auto call = pipeline::call_of(*step)) add_call(call->tool, by.empty() ? step->id : by);
  }
  std::vector<ToolUse> uses{};

 private:
  void add_call(const std::string& tool, const std::string& step) {
    auto use = std::find_if(uses.begin(), uses.end(), [&](const ToolUse& each) { return each.tool == tool; });
    if (use == uses.end()) {
      const auto facts = tools_.describe(tenant_, tool, Duration{0});
      use = uses.insert(uses.end(), {tool, facts ? std::string(name_of(facts->effect)) : "", {}});
    }
    if (use->steps.empty() || use->steps.back() != step) use->steps.push_back(step);
  }

  ToolCaller& tools_;
  const TenantId& tenant_;
};

std::vector<ToolUse> tools_used(ToolCaller& tools, const TenantId& tenant, const Action& action,
                                const std::vector<KnownChild>& children) {
  ToolsUsed used{tools, tenant};
  used.add(*action.pipeline);
  for (const KnownChild& child : children) used.add(*child.action.pipeline, child.step);
  return std::move(used.uses);
}

Error name_taken(const std::string& name) {
  return {ErrorCode::name_taken, "a task is called \"" + name + "\"; tasks and pipelines share their names", "/name",
          name};
}

Error version_conflict(const SavingPipeline& saving, const PipelineRecord& there) {
  const int expected = *saving.command.expected_version;
  Error error{ErrorCode::version_conflict,
              "\"" + there.name + "\" is at version " + std::to_string(there.latest) +
                  "; look at it again and repeat the change",
              "/expected_version", expected};
  error.details["current_version"] = there.latest;
  const auto known = PipelineStore{saving.tx}.find(saving.call.caller.tenant, there.name, expected);
  error.details["difference"] =
      pipeline::differences(known ? known->definition : saving.content.definition, there.definition);
  error.try_instead = json::array({{{"name", there.name}, {"expected_version", there.latest}}});
  return error;
}

Status check_expected(const SavingPipeline& saving, const std::optional<PipelineRecord>& there) {
  const auto& expected = saving.command.expected_version;
  if (!expected || *expected == (there ? there->latest : 0)) return Done{};
  if (there) return version_conflict(saving, *there);
  return Error{ErrorCode::version_conflict, "there is no pipeline \"" + saving.command.name + "\" yet",
               "/expected_version", *expected};
}

// A template has no runs, so what runs a pipeline keeps it from becoming one.
Status check_kind(const SavingPipeline& saving, const PipelineRecord& there) {
  if (there.is_template || !saving.content.is_template) return Done{};
  std::vector<std::string> tasks;
  for (const auto& user : PipelineStore{saving.tx}.users(saving.call.caller.tenant, there.id))
    if (user.living == Living::yes) tasks.push_back(user.name);
  for (std::string& name : who_runs_by_steps(saving.tx, saving.call.caller.tenant, there.name))
    tasks.push_back(std::move(name));
  if (tasks.empty()) return Done{};
  Error error{ErrorCode::conflict, "tasks run this pipeline, so it cannot become a template; give it another name",
              "/params"};
  error.details["tasks"] = tasks;
  return error;
}

// The action of the pipeline's own task.
Action own_action(const SavingPipeline& saving, const PipelineUse& use) {
  Action action = saving.content.action;
  if (saving.content.is_template) {
    action = {};
    action.message = "a template; save_pipeline with from_template makes a pipeline of it";
  }
  action.use = use;  // of a template, too, its row says that it is a pipeline
  return action;
}

// Tasks that follow the pipeline go on with the new version.
void give_to_followers(const SavingPipeline& saving, const PipelineUse& use, PipelineSaved& saved) {
  const TenantId& tenant = saving.call.caller.tenant;
  TaskStore tasks{saving.tx};
  for (const PipelineUser& user : PipelineStore{saving.tx}.users(tenant, TaskId{use.id})) {
    const auto task = tasks.lock(tenant, {.id = user.task}, user.living);
    auto definition = task ? definition_of(*task) : Error{ErrorCode::conflict, ""};
    if (!definition || !definition->action.use || !definition->action.use->latest) continue;
    json input = std::move(definition->action.input);
    definition->action = saving.content.action;
    definition->action.use = use;
    definition->action.input = std::move(input);
    TaskRecord changed = *task;
    changed.version += 1;
    changed.updated_at = saving.call.now;
    tasks.copy_version(tenant, changed, *definition);
    tasks.update(tenant, changed, *definition);
    tasks.set_schedule(tenant, task->id,
                       {.shard = task->shard,
                        .task_version = changed.version,
                        .last_slot = task->last_slot,
                        .next_fire_at = task->next_fire_at});
    saving.telling.task_event("task.updated", changed, {{"changed", {"pipeline"}}});
    saving.telling.schedule_changed(task->shard);
    if (user.living == Living::no) continue;
    saved.tasks.push_back(task->name);
    if (const auto fits = pipeline::read_input(*definition->action.pipeline, definition->action.input); !fits)
      saved.warnings.push_back("the input of task " + task->name + " does not fit any more: " + fits.error().message);
  }
}

json audited(const PipelineRecord& record) {
  return {{"name", record.name}, {"version", record.version}, {"template", record.is_template}};
}

Result<PipelineSaved> save(const SavingPipeline& saving, PipelineSaved saved);

Result<PipelineSaved> write(const SavingPipeline& saving, const std::optional<PipelineRecord>& there,
                            PipelineSaved saved) {
  const auto& [call, command, content, tx, telling, ids] = saving;
  const TenantId& tenant = call.caller.tenant;
  TaskStore tasks{tx};
  const TaskId id = there ? there->id : TaskId{ids.next(call.now).number()};
  PipelineUse use{id.number(), command.name, saved.version, false};
  TaskDefinition definition = hidden_definition(own_action(saving, use));
  definition.description = content.definition.value("description", "");
  if (!there) {
    // Somebody made it between our look and our insert; it is committed now.
    if (!make_hidden_task(tx, call, {id, command.name, call.caller.scopes}, definition))
      return save(saving, std::move(saved));
  } else {
    TaskRecord changed = *tasks.find(tenant, {.id = id});
    changed.version = saved.version;
    changed.updated_at = call.now;
    tasks.insert_version(tenant, changed, definition, {call.caller.agent, call.caller.scopes});
    tasks.update(tenant, changed, definition);
    tasks.set_schedule(tenant, id,
                       {.shard = changed.shard,
                        .task_version = changed.version,
                        .last_slot = changed.last_slot,
                        .next_fire_at = std::nullopt});
  }
  const PipelineRecord record{.id = id,
                              .name = command.name,
                              .latest = saved.version,
                              .version = saved.version,
                              .definition = content.definition,
                              .is_template = content.is_template,
                              .created_at = call.now,
                              .created_by = call.caller.agent.str()};
  PipelineStore{tx}.insert(tenant, record);
  use.latest = true;
  if (there) give_to_followers(saving, use, saved);
  telling.task_event("pipeline.saved", *tasks.find(tenant, {.id = id}), {{"template", content.is_template}});
  telling.audit("pipeline:" + command.name, there ? audited(*there) : json(nullptr), audited(record));
  return saved;
}

Result<PipelineSaved> save(const SavingPipeline& saving, PipelineSaved saved) {
  const auto& [call, command, content, tx, telling, ids] = saving;
  const TenantId& tenant = call.caller.tenant;
  const auto task = TaskStore{tx}.lock(tenant, {.name = command.name});
  const auto there = PipelineStore{tx}.find(tenant, command.name);
  if (task && !there) return name_taken(command.name);
  if (auto fits = check_expected(saving, there); !fits) return fits.error();
  saved.version = there ? there->latest : 1;
  saved.result = there ? "unchanged" : "created";
  if (there && there->definition == content.definition) return saved;
  if (there) {
    if (auto fits = check_kind(saving, *there); !fits) return fits.error();
    saved.version += 1;
    saved.result = "updated";
    saved.changed = pipeline::differences(there->definition, content.definition);
  }
  if (command.dry_run) return saved;
  return write(saving, there, std::move(saved));
}

}  // namespace

Result<PipelineSaved> Engine::save_pipeline(const Caller& caller, const SavePipeline& command) {
  if (auto fits = check_pipeline_name(command.name); !fits) return fits.error();
  const Call call{caller, "save_pipeline", command.key, parts_.clock.now()};
  auto first = replayed<PipelineSaved>(parts_.store, call);
  if (!first) return first.error();
  if (*first) return std::move(**first);
  const auto content =
      parts_.store.in_tx(caller.tenant, [&](Tx& tx) { return content_of(tx, caller.tenant, command); });
  if (!content) return content.error();
  const auto children = known_children(caller, content->action, command.name);
  if (!children) return children.error();
  auto warnings = check_action(caller, content->action);
  if (!warnings) return warnings.error();
  PipelineSaved described{.pipeline = command.name,
                          .dry_run = command.dry_run,
                          .is_template = content->is_template,
                          .order = pipeline::stages_of(content->action.pipeline->steps),
                          .tools = tools_used(parts_.tools, caller.tenant, content->action, *children),
                          .warnings = *std::move(warnings),
                          .at = call.now};
  return run_once<PipelineSaved>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) {
    return save({call, command, *content, tx, telling, parts_.ids}, described);
  });
}

}  // namespace carillon
