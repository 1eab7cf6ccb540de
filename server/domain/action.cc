#include "server/domain/action.h"

#include <algorithm>

#include "server/domain/pipeline/pipeline.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/domain/work.h"

namespace carillon {

namespace {

constexpr std::size_t kMessageBytesMax = 64 * 1024;

// "server.tool": the server's name has no dot, the tool's may.
bool is_tool_name(std::string_view tool) {
  const auto dot = tool.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < tool.size();
}

std::optional<Error> check_tool_name(const json& tool, std::string pointer) {
  if (tool.is_string() && is_tool_name(tool.get_ref<const std::string&>())) return std::nullopt;
  return invalid("a tool is addressed as \"server.tool\"", std::move(pointer), tool);
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

Result<PipelineUse> read_use(const json& value, const std::string& pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"id", "name", "version", "latest"});
  if (!value.is_object()) return invalid("whose steps they are is an object", pointer, value);
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  const json id = value.value("id", json()), name = value.value("name", json()),
             version = value.value("version", json()), latest = value.value("latest", json());
  if (!id.is_number_integer() || !name.is_string() || !version.is_number_integer() || !latest.is_boolean())
    return invalid("whose steps they are is {id, name, version, latest}", pointer, value);
  return PipelineUse{id, name, version, latest};
}

Result<Action> read_steps_action(const json& value, std::string_view pointer) {
  static constexpr auto kKnown =
      std::to_array<std::string_view>({"kind", "steps", "input", "inputs", "output", "pipeline"});
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  Action action;
  action.kind = ActionKind::steps;
  action.steps = value.value("steps", json(nullptr));
  json definition{{"steps", action.steps}};
  for (const char* member : {"inputs", "output"})
    if (value.contains(member)) definition[member] = value[member];
  auto read = pipeline::read_pipeline(definition, pointer);
  if (!read) return read.error();
  action.pipeline = std::make_shared<const pipeline::Pipeline>(*std::move(read));
  if (value.contains("input")) {
    if (!value["input"].is_object()) return invalid("input is an object", below(pointer, "input"), value["input"]);
    action.input = value["input"];
  }
  if (value.contains("pipeline")) {
    auto use = read_use(value["pipeline"], below(pointer, "pipeline"));
    if (!use) return use.error();
    action.use = *std::move(use);
  }
  return action;
}

// A text in which nothing is filled in.
std::string literal(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) escaped += '$';
    escaped += text[i];
  }
  return escaped;
}

json steps_of(const PromptUse& prompt) {
  const json data{{"input", "${input}"}, {"event", "${event}"}};
  if (prompt.model) {
    json with = data;
    with["prompt"] = literal(prompt.text);
    return json::array({{{"id", "answer"}, {"uses", kAnsweringTool}, {"with", std::move(with)}}});
  }
  json agent{{"prompt", literal(prompt.text)}, {"data", data}};
  if (!prompt.agent.empty()) agent["name"] = prompt.agent;
  return json::array({{{"id", "answer"}, {"agent", std::move(agent)}}});
}

Result<Action> read_prompt_action(const json& value, std::string_view pointer) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"kind", "prompt", "agent", "model", "input"});
  if (auto error = unknown_member(value, kKnown, pointer)) return *error;
  const json text = value.value("prompt", json()), agent = value.value("agent", json("")),
             model = value.value("model", json(false));
  if (!text.is_string() || text.get_ref<const std::string&>().empty())
    return invalid("a prompt is a text that is not empty", below(pointer, "prompt"), text);
  if (auto fits = check_work({.prompt = text.get<std::string>()}, pointer); !fits) return fits.error();
  if (!agent.is_string() || (agent != "" && !is_agent_name(agent.get_ref<const std::string&>())))
    return invalid(std::string{kAgentNameRule}, below(pointer, "agent"), agent);
  if (!model.is_boolean() || (model.get<bool>() && agent != ""))
    return invalid("whether a model answers is true or false, and no agent does then", below(pointer, "model"), model);
  const PromptUse prompt{text, agent, model};
  auto action = read_steps_action(
      {{"kind", "steps"}, {"steps", steps_of(prompt)}, {"input", value.value("input", json::object())}}, pointer);
  if (action) action->prompt = prompt;
  return action;
}

json to_json(const PromptUse& prompt, const json& input) {
  json value{{"kind", "prompt"}, {"prompt", prompt.text}};
  if (!prompt.agent.empty()) value["agent"] = prompt.agent;
  if (prompt.model) value["model"] = true;
  if (!input.empty()) value["input"] = input;
  return value;
}

}  // namespace

json to_json(const Action& action) {
  if (action.prompt) return to_json(*action.prompt, action.input);
  json value{{"kind", name_of(action.kind)}};
  switch (action.kind) {
    case ActionKind::tool:
      value["tool"] = action.tool;
      value["arguments"] = action.arguments;
      break;
    case ActionKind::message:
      value["message"] = action.message;
      break;
    case ActionKind::steps:
      value["steps"] = action.steps;
      value["input"] = action.input;
      if (!action.pipeline->inputs.is_null()) value["inputs"] = action.pipeline->inputs;
      if (!action.pipeline->output.is_null()) value["output"] = action.pipeline->output;
      if (const auto& use = action.use)
        value["pipeline"] = {{"id", use->id}, {"name", use->name}, {"version", use->version}, {"latest", use->latest}};
      break;
  }
  return value;
}

std::string who_answers(const PromptUse& prompt) { return prompt.model ? "the model" : whose(prompt.agent); }

std::string to_text(const PipelineUse& use) { return use.name + "@" + std::to_string(use.version); }

json as_arguments(const Action& action) {
  json arguments = to_json(action);
  arguments.erase("kind");
  arguments.erase("model");
  if (!action.use) return arguments;
  return {{"pipeline", action.use->latest ? action.use->name : to_text(*action.use)}, {"input", action.input}};
}

Result<Action> read_action(const json& value, std::string_view pointer) {
  if (!value.is_object()) return invalid("an action is an object", std::string(pointer), value);
  const json kind = value.value("kind", json(nullptr));
  if (kind == "tool") return read_tool_action(value, pointer);
  if (kind == "message") return read_message_action(value, pointer);
  if (kind == "steps") return read_steps_action(value, pointer);
  if (kind == "prompt") return read_prompt_action(value, pointer);
  return invalid("an action's kind is tool, message, prompt or steps", below(pointer, "kind"), kind);
}

// Where nobody is named, who answers it.
std::vector<std::string> prompt_warnings(const PromptUse& prompt) {
  std::vector<std::string> warnings;
  if (prompt.model)
    warnings.push_back("the model (" + std::string{kAnsweringTool} + ") answers each run, which uses tokens");
  if (!prompt.model && prompt.agent.empty())
    warnings.emplace_back(
        "no model is configured (llm.endpoint), so each run waits until any agent claims and answers it; name one in "
        "`agent`");
  const auto roots = check_template(json(prompt.text));
  if (roots && !roots->empty())
    warnings.push_back("${" + roots->front() + "…} stays as it is in a prompt; input and event are given as data");
  return warnings;
}

std::vector<std::string> action_warnings(const Action& action) {
  if (action.prompt) return prompt_warnings(*action.prompt);
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
