#include <algorithm>
#include <array>

#include "server/domain/pipeline/rehearsal.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/refusal.h"
#include "server/domain/run_payload.h"
#include "server/engine/action_check.h"
#include "server/engine/children.h"
#include "server/engine/engine.h"
#include "server/engine/pipelines.h"

// preview of a pipeline or of steps: what a run would do. Nothing is called or saved.

namespace carillon {

namespace {

constexpr std::size_t kRowsMax = 200;

// What is looked at, and what stands in the way of it.
struct Looked {
  Action action;
  std::vector<std::string> problems{};
};

std::string told(const Error& error) {
  return error.pointer.empty() ? error.message : error.pointer + ": " + error.message;
}

Result<Action> action_of_query(Tx& tx, const TenantId& tenant, const PreviewPlan& query) {
  if (query.steps) return action_of({{"steps", *query.steps}});
  const auto name = read_pipeline_name(*query.pipeline);
  if (!name) return name.error();
  return action_of_pipeline(tx, tenant, *name);
}

// With the input that a run would have; one that does not fit is told and taken as it is.
Looked with_input(Action action, const json& input) {
  Looked looked{std::move(action)};
  looked.action.input = input;
  auto filled = with_checked_input(looked.action);
  if (filled)
    looked.action = *std::move(filled);
  else
    looked.problems.push_back(told(filled.error()));
  return looked;
}

constexpr auto kEffects = std::to_array<std::string_view>({"", "read", "write", "outside"});

std::string effect_of_tool(ToolCaller& tools, const TenantId& tenant, const std::string& tool) {
  const auto facts = tools.describe(tenant, tool, Duration{0});
  if (!facts) return "";
  return facts->effect == Effect::read ? "read" : "write";
}

// What a plan is looked at with.
struct Eyes {
  ToolCaller& tools;
  const TenantId& tenant;
  const std::vector<KnownChild>& children;
};

std::string effect_of(const Eyes& eyes, const pipeline::Step& step);

// Of all steps below one that runs a pipeline, what reaches furthest.
std::string effect_of_children(const Eyes& eyes, const std::string& step) {
  std::size_t most = 0;
  for (const KnownChild& child : eyes.children) {
    if (child.step != step) continue;
    for (const pipeline::Step* leaf : pipeline::leaves_of(*child.action.pipeline)) {
      const bool is_child = leaf->kind == pipeline::StepKind::child;  // its steps stand in the list, too
      const std::string effect = is_child ? "" : effect_of(eyes, *leaf);
      const auto place =
          static_cast<std::size_t>(std::find(kEffects.begin(), kEffects.end(), effect) - kEffects.begin());
      most = std::max(most, place);
    }
  }
  return std::string(kEffects[most]);
}

// read, write or outside; empty where a step changes nothing by itself, or its server cannot be asked.
std::string effect_of(const Eyes& eyes, const pipeline::Step& step) {
  switch (step.kind) {
    case pipeline::StepKind::tool:
      return effect_of_tool(eyes.tools, eyes.tenant, step.body.at("uses").get<std::string>());
    case pipeline::StepKind::child:
      return effect_of_children(eyes, step.id);
    case pipeline::StepKind::http:
    case pipeline::StepKind::script:
    case pipeline::StepKind::agent:
      return "outside";
    case pipeline::StepKind::event:
      return "write";
    case pipeline::StepKind::state:
      return step.body.at("op") == "get" ? "read" : "write";
    default:
      return "";
  }
}

std::string who_approves(const pipeline::Step& step) {
  if (step.kind != pipeline::StepKind::approval) return "";
  std::string who;
  for (const json& each : step.body.value("by", json::array({"person"})))
    who += (who.empty() ? "" : ", ") + each.get<std::string>();
  return who;
}

// "brief@3" of a step that runs it.
std::string target_of(const Eyes& eyes, const pipeline::Step& step) {
  if (const auto call = pipeline::call_of(step)) return call->tool;
  if (step.kind != pipeline::StepKind::child) return "";
  for (const KnownChild& child : eyes.children)
    if (child.step == step.id) return to_text(*child.action.use);  // the first is the step's own
  return step.body.at("pipeline").get<std::string>();
}

PlanRow row_of(const Eyes& eyes, pipeline::RehearsedStep&& step) {
  PlanRow row{.step = std::move(step.path), .stage = step.stage, .arguments = std::move(step.arguments)};
  row.kind = member_of(step.step->kind);
  row.target = target_of(eyes, *step.step);
  row.effect = effect_of(eyes, *step.step);
  row.open = std::move(step.open);
  row.approval = who_approves(*step.step);
  row.problem = std::move(step.problem);
  return row;
}

// Where the planner comes with the results that are given.
void rehearse_into(PlannedSteps& planned, std::vector<pipeline::RehearsedStep>& steps, const Looked& looked,
                   const json& stubs) {
  const pipeline::RunRoots roots{.input = looked.action.input, .now = to_rfc3339(planned.now)};
  auto done = pipeline::rehearse(*looked.action.pipeline, roots, stubs, planned.now);
  steps = std::move(done.steps);
  planned.more = done.is_cut;
  for (const std::string& path : done.missing)
    planned.problems.push_back("there is no stub for step " + path + "; what comes of it is not known");
  if (!done.end) return;
  planned.ends = name_of(done.end->state);
  planned.output = std::move(done.end->output);
  if (!done.end->fault.message.empty()) planned.problems.push_back(done.end->path + ": " + done.end->fault.message);
}

}  // namespace

Result<PlannedSteps> Engine::preview_plan(const Caller& caller, const PreviewPlan& query) {
  if (query.pipeline.has_value() == query.steps.has_value())
    return invalid("give a pipeline or steps, not both", "/steps");
  auto action = parts_.store.in_tx(caller.tenant, [&](Tx& tx) { return action_of_query(tx, caller.tenant, query); });
  if (!action) return action.error();
  const json stubs = query.stubs.value_or(json::object());
  if (!stubs.is_object())
    return invalid(R"(stubs are results by step: {"issues": {"count": 3}})", "/stubs", *query.stubs);
  Looked looked = with_input(*std::move(action), query.input);
  const auto children = known_children(caller, looked.action, looked.action.use ? looked.action.use->name : "");
  if (!children) looked.problems.push_back(told(children.error()));
  const std::vector<KnownChild> none;
  const Eyes eyes{parts_.tools, caller.tenant, children ? *children : none};
  const auto checked = check_action(caller, looked.action);
  if (!checked) looked.problems.push_back(told(checked.error()));

  PlannedSteps planned{.problems = std::move(looked.problems), .now = parts_.clock.now()};
  if (checked) planned.problems.insert(planned.problems.end(), checked->begin(), checked->end());
  if (looked.action.use) planned.pipeline = to_text(*looked.action.use);
  std::vector<pipeline::RehearsedStep> steps;
  if (query.stubs) {
    rehearse_into(planned, steps, looked, stubs);
  } else {
    const json known{{"input", looked.action.input}, {"params", looked.action.input}, {"now", to_rfc3339(planned.now)}};
    steps = pipeline::foreseen(*looked.action.pipeline, known, zone_of(caller));
  }
  planned.more = planned.more || steps.size() > kRowsMax;
  if (steps.size() > kRowsMax) steps.erase(steps.begin() + kRowsMax, steps.end());
  for (pipeline::RehearsedStep& step : steps) {
    const std::string state = query.stubs ? std::string(name_of(step.state)) : "";
    planned.plan.push_back(row_of(eyes, std::move(step)));
    planned.plan.back().state = state;
  }
  return planned;
}

}  // namespace carillon
