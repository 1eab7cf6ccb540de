#include "server/engine/action_check.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "server/domain/json_schema/json_schema.h"
#include "server/domain/notify.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/refusal.h"
#include "server/domain/schedule/event_filter.h"
#include "server/domain/template.h"
#include "server/engine/own_steps.h"

namespace carillon {

namespace {

// One tool and the arguments that a run will give it; those of steps after their templates were filled in.
struct Target {
  std::string tool;
  json arguments;
  bool is_step;
  std::string tool_pointer;
  std::string arguments_pointer;
};

std::vector<Target> targets_of(const Action& action) {
  std::vector<Target> targets;
  if (action.kind == ActionKind::tool) targets.push_back({action.tool, action.arguments, false, "/tool", "/arguments"});
  if (action.kind != ActionKind::steps) return targets;
  for (const pipeline::Step* step : pipeline::leaves_of(*action.pipeline))
    if (auto call = pipeline::call_of(*step))
      targets.push_back({std::move(call->tool), std::move(call->arguments), true, std::move(call->tool_pointer),
                         std::move(call->arguments_pointer)});
  return targets;
}

// What can be said of a step that Carillon performs itself before its templates are filled in.
Status check_own_step(const pipeline::Step& step, const Caller& caller) {
  const Scope needed = *scope_of_own_step(step);
  const std::string here = below(step.pointer, member_of(step.kind));
  if (!caller.scopes.has(needed)) {
    Error error{ErrorCode::not_allowed, "the step needs the scope \"" + std::string(name_of(needed)) + "\"", here};
    error.details["scope"] = name_of(needed);
    error.details["scopes"] = caller.scopes.names();
    return error;
  }
  const bool tells = step.kind == pipeline::StepKind::event;
  if (!tells && step.kind != pipeline::StepKind::signal) return Done{};
  const char* member = tells ? "type" : "event";
  const json& said = step.body.at(member);
  if (has_template(said)) return Done{};
  auto fits = tells ? check_event_type(said.get<std::string>()) : check_topic_pattern(said.get<std::string>());
  if (fits) return fits;
  Error error = fits.error();
  error.pointer = below(here, member);
  error.received = said;
  return error;
}

Status check_served(const Action& action, const Caller& caller) {
  if (action.kind != ActionKind::steps) return Done{};
  for (const pipeline::Step* step : pipeline::leaves_of(*action.pipeline)) {
    if (!step->sensitive.empty() && !pipeline::call_of(*step))
      return invalid("only steps that call have something sensitive: uses, http and script",
                     below(step->pointer, "sensitive"));
    if (scope_of_own_step(*step)) {
      if (auto fits = check_own_step(*step, caller); !fits) return fits;
      continue;
    }
    if (step->kind == pipeline::StepKind::wait || pipeline::call_of(*step)) continue;
    return invalid("steps of the kind \"" + std::string(member_of(step->kind)) +
                       "\" cannot be performed by this version; there are uses, http, script, wait, signal, approval, "
                       "agent, event, state and pipeline, and the lists sequence, parallel, map and switch",
                   below(step->pointer, member_of(step->kind)));
  }
  return Done{};
}

// Of arguments that may hold templates.
Status check_known(const ToolFacts& facts, const json& arguments, const std::string& pointer) {
  if (!facts.check || !arguments.is_object()) return Done{};
  const Status fits = facts.check(arguments);
  if (fits) return fits;
  Error error = fits.error();
  error.pointer.insert(0, pointer);
  error.details["tool"] = facts.tool;
  return error;
}

std::string not_checked(const std::string& server, const std::string& message) {
  return "the arguments could not be checked now, server " + server + ": " + message;
}

bool may_pass_by_itself(ErrorCode code) {
  return code == ErrorCode::server_unavailable || code == ErrorCode::needs_sign_in || code == ErrorCode::unavailable;
}

class TargetCheck {
 public:
  TargetCheck(ToolCaller& tools, const Caller& caller, Duration wait) : tools_(tools), caller_(caller), wait_(wait) {}

  Status check(const Target& target) {
    const std::string server = target.tool.substr(0, target.tool.find('.'));
    // A server that does not answer is waited for once, not once a step.
    if (away_.count(server) != 0) return Done{};
    auto facts = tools_.describe(caller_.tenant, target.tool, wait_);
    if (!facts) {
      if (!may_pass_by_itself(facts.error().code)) {
        Error error = facts.error();
        error.pointer = target.tool_pointer;
        return error;
      }
      away_.emplace(server, facts.error().message);
      return Done{};
    }
    if (auto allowed = check_scopes(*facts, caller_.scopes, target.tool_pointer); !allowed) return allowed;
    if (target.is_step && has_template(target.arguments))
      return check_known(*facts, target.arguments, target.arguments_pointer);
    return check_arguments(*facts, target.arguments, target.arguments_pointer);
  }
  std::vector<std::string> warnings() const {
    std::vector<std::string> warnings;
    for (const auto& [server, message] : away_) warnings.push_back(not_checked(server, message));
    return warnings;
  }

 private:
  ToolCaller& tools_;
  const Caller& caller_;
  Duration wait_;
  std::map<std::string, std::string> away_;  // server → why
};

// A saved definition holds its steps below /action; whoever gave them knows them without.
std::string as_given(const std::string& pointer) {
  constexpr std::string_view kAction = "/action";
  return pointer.starts_with(kAction) ? pointer.substr(kAction.size()) : pointer;
}

}  // namespace

Result<std::vector<std::string>> check_targets(ToolCaller& tools, const Caller& caller, const Action& action,
                                               Duration wait) {
  if (auto served = check_served(action, caller); !served) return served.error();
  TargetCheck targets{tools, caller, wait};
  std::vector<Error> problems;
  for (const Target& target : targets_of(action))
    if (auto checked = targets.check(target); !checked) problems.push_back(checked.error());
  if (problems.empty()) return targets.warnings();
  if (problems.size() > 1)
    for (const Error& each : problems)
      problems.front().details["problems"].push_back({{"pointer", each.pointer}, {"message", each.message}});
  return problems.front();
}

std::vector<TemplateUse> template_uses(const Action& action) {
  std::vector<TemplateUse> uses;
  for (const Target& target : targets_of(action)) {
    if (target.tool != kTemplateTool || !target.arguments.is_object()) continue;
    const json name = target.arguments.value("template", json());
    if (!name.is_string() || (target.is_step && has_template(name))) continue;
    const json params = target.arguments.value("params", json::object());
    uses.push_back({name, params.is_object() ? std::optional{params} : std::nullopt, target.arguments_pointer});
  }
  return uses;
}

bool has_own_templates(ToolCaller& tools, const TenantId& tenant) {
  const auto facts = tools.describe(tenant, kTemplateTool, Duration{0});
  return facts ? facts->fills_in_template : facts.error().code == ErrorCode::needs_sign_in;  // no endpoint yet
}

Result<std::vector<std::string>> check_conditions(ToolCaller& tools, const Caller& caller, const Schedule& schedule,
                                                  Duration wait) {
  std::vector<std::string> warnings;
  for (const auto& trigger : schedule.triggers) {
    const auto* condition = std::get_if<ConditionTrigger>(&trigger.body);
    if (condition == nullptr) continue;
    Action look;
    look.kind = ActionKind::tool;
    look.tool = condition->tool;
    look.arguments = json::parse(condition->arguments, nullptr, false);
    auto checked = check_targets(tools, caller, look, wait);
    if (!checked) {
      Error error = checked.error();
      error.pointer = "/when";
      return error;
    }
    std::move(checked->begin(), checked->end(), std::back_inserter(warnings));
    const auto facts = tools.describe(caller.tenant, look.tool, Duration{0});
    if (facts && facts->effect != Effect::read)
      warnings.push_back(look.tool + " is not declared read-only, and this calls it again and again");
  }
  return warnings;
}

Result<std::vector<std::string>> check_notified_tools(ToolCaller& tools, const Caller& caller,
                                                      const std::vector<std::string>& targets, Duration wait) {
  std::vector<std::string> warnings;
  for (const auto& text : targets) {
    if (kind_of_target(text) != TargetKind::tool) continue;
    const ToolTarget target = tool_of_target(text);
    const auto facts = tools.describe(caller.tenant, target.tool, wait);
    if (!facts && may_pass_by_itself(facts.error().code)) {
      warnings.push_back(not_checked(target.tool.substr(0, target.tool.find('.')), facts.error().message));
      continue;
    }
    if (!facts) {
      Error error = facts.error();
      error.pointer = "/notify";
      return error;
    }
    if (auto allowed = check_scopes(*facts, caller.scopes, "/notify"); !allowed) return allowed.error();
    const auto argument = text_argument(facts->input_schema, target);
    if (!argument) return argument.error();
    json arguments = target.arguments;
    arguments[*argument] = "a run has ended";
    if (auto fit = check_arguments(*facts, arguments, "/notify"); !fit) return fit.error();
  }
  return warnings;
}

bool model_answers(ToolCaller& tools, const Caller& caller, const ActionDraft& draft, Duration wait) {
  if (!draft.prompt && !draft.agent) return false;
  return tools.describe(caller.tenant, kAnsweringTool, wait).ok();
}

std::vector<std::string> troubles_ahead(ToolCaller& tools, const TenantId& tenant, const Action& action,
                                        Duration wait) {
  std::vector<std::string> troubles;
  const auto end = std::chrono::steady_clock::now() + wait;
  std::set<std::string> told;  // a tool's absence or a server's sign-in, which several steps may want
  for (const Target& target : targets_of(action)) {
    const auto left = std::chrono::duration_cast<Duration>(end - std::chrono::steady_clock::now());
    const auto facts = tools.describe(tenant, target.tool, std::max(left, Duration::zero()));
    const std::string where = target.is_step ? as_given(target.tool_pointer) + ": " : "";
    if (facts) {
      if (target.is_step && has_template(target.arguments)) continue;
      if (const auto fit = check_arguments(*facts, target.arguments, as_given(target.arguments_pointer)); !fit)
        troubles.push_back(target.tool + " does not take these arguments any more: " + fit.error().message);
      continue;
    }
    const Error& error = facts.error();
    const bool gone = error.code == ErrorCode::unknown_tool;
    if (!gone && error.code != ErrorCode::needs_sign_in) continue;
    if (!told.insert(gone ? target.tool : error.message).second) continue;
    troubles.push_back(where + (gone ? target.tool + " is not there any more: " : "") + error.message);
  }
  return troubles;
}

Status check_scopes(ToolCaller& tools, const Caller& caller, const Action& action) {
  for (const Target& target : targets_of(action)) {
    const auto facts = tools.describe(caller.tenant, target.tool, Duration{0});
    if (!facts) continue;
    if (auto allowed = check_scopes(*facts, caller.scopes, target.tool_pointer); !allowed) return allowed;
  }
  return Done{};
}

Status check_scopes(const ToolFacts& facts, const Scopes& held, const std::string& pointer) {
  const auto missing = facts.scopes.missing_from(held).names();
  if (missing.empty()) return Done{};
  Error error{ErrorCode::not_allowed,
              "this credential lacks the scope \"" + missing.front() + "\" that " + facts.tool +
                  " needs (servers.json says so)",
              pointer, facts.tool};
  error.details["tool"] = facts.tool;
  error.details["scope"] = missing.front();
  error.details["missing"] = missing;
  error.details["scopes"] = held.names();
  return error;
}

Status check_arguments(const ToolFacts& facts, const json& arguments, const std::string& pointer) {
  const json schema = facts.input_schema;
  const auto compiled = json_schema::compile(schema);
  // A server's own broken schema is not the caller's mistake; the server will judge.
  if (!compiled) return Done{};
  const auto violations = compiled->validate(arguments);
  if (violations.empty()) return check_known(facts, arguments, pointer);
  Error error = json_schema::to_error(violations, pointer);
  error.details["tool"] = facts.tool;
  return error;
}

}  // namespace carillon
