#include "server/domain/action.h"

#include <algorithm>
#include <set>

#include "server/domain/refusal.h"
#include "server/domain/template.h"

namespace carillon {

namespace {

constexpr std::size_t kStepsMax = 100;
constexpr std::size_t kMessageBytesMax = 64 * 1024;

bool is_step_id(std::string_view id) {
  if (id.empty() || (id.front() >= '0' && id.front() <= '9')) return false;
  return std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// "server.tool": the server's name has no dot, the tool's may.
bool is_tool_name(std::string_view tool) {
  const auto dot = tool.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < tool.size();
}

std::optional<Error> check_tool_name(const json& tool, std::string pointer) {
  if (tool.is_string() && is_tool_name(tool.get_ref<const std::string&>())) return std::nullopt;
  return invalid("a tool is addressed as \"server.tool\"", std::move(pointer), tool);
}

std::optional<Error> read_step_policies(Step& step, const json& value, std::string_view pointer) {
  if (value.contains("timeout")) {
    if (!value["timeout"].is_string())
      return invalid("a timeout is a duration", below(pointer, "timeout"), value["timeout"]);
    auto timeout = read_duration(value["timeout"].get<std::string>(), below(pointer, "timeout"));
    if (!timeout) return timeout.error();
    if (timeout->count() <= 0) return invalid("a timeout is longer than nothing", below(pointer, "timeout"));
    step.timeout = *timeout;
  }
  if (value.contains("retry")) {
    auto retry = read_retry(value["retry"], below(pointer, "retry"));
    if (!retry) return retry.error();
    step.retry = *retry;
  }
  return std::nullopt;
}

Result<Step> read_step(const json& value, const std::string& pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"id", "uses", "with", "save_as", "timeout", "retry"});
  if (!value.is_object()) return invalid("a step is an object", pointer, value);
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  Step step;
  if (!value.contains("id") || !value["id"].is_string() || !is_step_id(value["id"].get_ref<const std::string&>()))
    return invalid("a step needs an id of letters, digits and _ that begins with no digit", below(pointer, "id"),
                   value.value("id", json(nullptr)));
  step.id = value["id"];
  if (auto error = check_tool_name(value.value("uses", json(nullptr)), below(pointer, "uses"))) return *error;
  step.uses = value["uses"];
  if (value.contains("with")) {
    if (!value["with"].is_object()) return invalid("`with` is an object", below(pointer, "with"), value["with"]);
    step.with = value["with"];
  }
  if (value.contains("save_as")) {
    if (!value["save_as"].is_string() || !is_step_id(value["save_as"].get_ref<const std::string&>()))
      return invalid("`save_as` is a name like a step's id", below(pointer, "save_as"), value["save_as"]);
    step.save_as = value["save_as"];
  }
  if (auto error = read_step_policies(step, value, pointer)) return *error;
  return step;
}

Result<std::vector<Step>> read_steps(const json& value, const std::string& pointer) {
  if (!value.is_array() || value.empty()) return invalid("steps is a list of at least one step", pointer, value);
  if (value.size() > kStepsMax) return invalid("at most 100 steps", pointer, value.size());
  std::vector<Step> steps;
  std::set<std::string> names;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string here = below(pointer, std::to_string(i));
    auto step = read_step(value[i], here);
    if (!step) return step.error();
    if (!names.insert(step->id).second)
      return invalid("there is another step called \"" + step->id + "\"", below(here, "id"), step->id);
    if (!step->save_as.empty() && step->save_as != step->id && !names.insert(step->save_as).second)
      return invalid("there is another step called \"" + step->save_as + "\"", below(here, "save_as"), step->save_as);
    steps.push_back(std::move(*step));
  }
  return steps;
}

json to_json(const Step& step) {
  json value{{"id", step.id}, {"uses", step.uses}, {"with", step.with}};
  if (!step.save_as.empty()) value["save_as"] = step.save_as;
  if (step.timeout) value["timeout"] = to_text(*step.timeout);
  if (step.retry) value["retry"] = carillon::to_json(*step.retry);
  return value;
}

Result<Action> read_tool_action(const json& value, std::string_view pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"kind", "tool", "arguments"});
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  if (auto error = check_tool_name(value.value("tool", json(nullptr)), below(pointer, "tool"))) return *error;
  Action action;
  action.kind = ActionKind::tool;
  action.tool = value["tool"];
  if (value.contains("arguments")) {
    if (!value["arguments"].is_object())
      return invalid("arguments is an object", below(pointer, "arguments"), value["arguments"]);
    action.arguments = value["arguments"];
  }
  return action;
}

Result<Action> read_message_action(const json& value, std::string_view pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"kind", "message"});
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  const json message = value.value("message", json(nullptr));
  if (!message.is_string() || message.get_ref<const std::string&>().empty())
    return invalid("a message is a text that is not empty", below(pointer, "message"), message);
  if (message.get_ref<const std::string&>().size() > kMessageBytesMax)
    return Error{ErrorCode::too_large, "a message has at most 64 KiB", below(pointer, "message")};
  Action action;
  action.kind = ActionKind::message;
  action.message = message;
  return action;
}

Result<Action> read_steps_action(const json& value, std::string_view pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"kind", "steps", "input"});
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  auto steps = read_steps(value.value("steps", json(nullptr)), below(pointer, "steps"));
  if (!steps) return steps.error();
  Action action;
  action.kind = ActionKind::steps;
  action.steps = std::move(*steps);
  if (value.contains("input")) {
    if (!value["input"].is_object()) return invalid("input is an object", below(pointer, "input"), value["input"]);
    action.input = value["input"];
  }
  return action;
}

std::optional<Error> read_delay(Duration& into, const json& value, const char* member, std::string_view pointer) {
  if (!value.contains(member)) return std::nullopt;
  if (!value[member].is_string()) return invalid("give a duration", below(pointer, member), value[member]);
  auto delay = read_duration(value[member].get<std::string>(), below(pointer, member));
  if (!delay) return delay.error();
  into = *delay;
  return std::nullopt;
}

}  // namespace

json to_json(const Action& action) {
  json value{{"kind", name_of(action.kind)}};
  switch (action.kind) {
    case ActionKind::tool:
      value["tool"] = action.tool;
      value["arguments"] = action.arguments;
      break;
    case ActionKind::message:
      value["message"] = action.message;
      break;
    case ActionKind::steps: {
      json steps = json::array();
      for (const Step& step : action.steps) steps.push_back(to_json(step));
      value["steps"] = std::move(steps);
      value["input"] = action.input;
      break;
    }
  }
  return value;
}

Result<Action> read_action(const json& value, std::string_view pointer) {
  if (!value.is_object()) return invalid("an action is an object", std::string(pointer), value);
  const json kind = value.value("kind", json(nullptr));
  if (kind == "tool") return read_tool_action(value, pointer);
  if (kind == "message") return read_message_action(value, pointer);
  if (kind == "steps") return read_steps_action(value, pointer);
  return invalid("an action's kind is tool, message or steps", below(pointer, "kind"), kind);
}

json to_json(const RetryPolicy& policy) {
  return json{{"max_attempts", policy.max_attempts},
              {"backoff", kBackoffNames[static_cast<std::size_t>(policy.backoff)]},
              {"base", to_text(policy.base)},
              {"max", to_text(policy.max)}};
}

Result<RetryPolicy> read_retry(const json& value, std::string_view pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"max_attempts", "backoff", "base", "max"});
  static constexpr std::int64_t kAttemptsMax = 100;
  RetryPolicy policy;
  const bool short_form = value.is_number_integer();
  if (!short_form && !value.is_object())
    return invalid("retries is a number, or an object with max_attempts, backoff, base, max", std::string(pointer),
                   value);
  const json attempts = short_form ? value : value.value("max_attempts", json(1));
  const std::string attempts_pointer = short_form ? std::string(pointer) : below(pointer, "max_attempts");
  const std::int64_t least = short_form ? 0 : 1;
  if (!attempts.is_number_integer() || attempts.get<std::int64_t>() < least ||
      attempts.get<std::int64_t>() > kAttemptsMax)
    return invalid("give a number from " + std::to_string(least) + " to 100", attempts_pointer, attempts);
  policy.max_attempts = static_cast<int>(attempts.get<std::int64_t>()) + (short_form ? 1 : 0);
  if (short_form) return policy;
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  if (value.contains("backoff")) {
    const auto* found = std::find(kBackoffNames.begin(), kBackoffNames.end(),
                                  value["backoff"].is_string() ? value["backoff"].get<std::string>() : "");
    if (found == kBackoffNames.end())
      return invalid("backoff is exponential_jitter, exponential, linear or fixed", below(pointer, "backoff"),
                     value["backoff"]);
    policy.backoff = static_cast<Backoff>(found - kBackoffNames.begin());
  }
  if (auto error = read_delay(policy.base, value, "base", pointer)) return *error;
  if (auto error = read_delay(policy.max, value, "max", pointer)) return *error;
  return policy;
}

std::vector<std::string> action_warnings(const Action& action) {
  if (action.kind == ActionKind::steps) return {};
  const bool is_tool = action.kind == ActionKind::tool;
  const auto roots = check_template(is_tool ? action.arguments : json(action.message));
  // What is no template of ours may be one of the tool's.
  if (!roots || roots->empty() || !std::all_of(roots->begin(), roots->end(), is_template_root)) return {};
  return {"${" + roots->front() + (is_tool ? "…} stays as it is in arguments" : "…} stays as it is in a message") +
          "; templates are filled in in steps: " + R"(steps: [{"id": "one", "uses": ")" +
          (is_tool ? action.tool : "server.tool") + R"(", "with": {…}}])"};
}

}  // namespace carillon
