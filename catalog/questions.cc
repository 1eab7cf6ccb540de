#include "catalog/questions.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "catalog/reply.h"
#include "server/base/mask.h"
#include "server/domain/json_schema/json_schema.h"

namespace carillon::catalog {
namespace {

using transport::InputAnswer;
using transport::InputRequest;

constexpr const char* kElicitation = "elicitation/create";
constexpr const char* kSampling = "sampling/createMessage";
constexpr std::size_t kWordsMax = 500;

const InputRequest kForm{kElicitation, json::object()}, kAddress{kElicitation, {{"mode", "url"}}},
    kSample{kSampling, json::object()};

bool is_form(const InputRequest& question) {
  const json mode = question.params.value("mode", json());
  return question.method == kElicitation && (mode.is_null() || mode == "form");
}

// Whether whoever made the call said that this kind of question will be answered, and the entry lets it through.
bool can_ask(const ServerEntry& entry, const ToolCall& call, const InputRequest& question) {
  if (!call.asked || !call.can_answer.is_object()) return false;
  if (question.method == kSampling) return entry.sampling == Sampling::ask && call.can_answer.contains("sampling");
  const auto modes = call.can_answer.find("elicitation");
  if (question.method != kElicitation || entry.questions == Questions::refuse || modes == call.can_answer.end())
    return false;
  return is_form(question) ? modes->empty() || modes->contains("form") : modes->contains("url");
}

// The server's own words, so that a person sees what was wanted.
std::string words_of(const InputRequest& question) {
  const json message = question.params.value("message", json());
  if (!message.is_string()) return "it asks for " + question.method;
  return "it asks \"" + shortened(mask_secrets(message.get<std::string>()), kWordsMax) + "\"";
}

InputAnswer not_asked(const std::string& why) {
  return transport::ProtocolError{transport::rpc_code::kInvalidParams, why, nullptr};
}

}  // namespace

json offered_for_good(const ServerEntry& entry) {
  json offered = json::object();
  const bool has_answers = std::any_of(entry.tools.begin(), entry.tools.end(),
                                       [](const auto& tool) { return tool.second.answers.is_object(); });
  if (entry.questions != Questions::refuse)
    offered["elicitation"] = {{"form", json::object()}, {"url", json::object()}};
  else if (has_answers)
    offered["elicitation"] = {{"form", json::object()}};
  if (entry.sampling == Sampling::ask) offered["sampling"] = json::object();
  return offered;
}

json offered_with(const ServerEntry& entry, const ToolPolicy& tool, const ToolCall& call) {
  json offered = json::object();
  const bool declines = entry.questions == Questions::ask_or_decline;
  if (declines || tool.answers.is_object() || can_ask(entry, call, kForm))
    offered["elicitation"]["form"] = json::object();
  if (declines || can_ask(entry, call, kAddress)) offered["elicitation"]["url"] = json::object();
  if (can_ask(entry, call, kSample)) offered["sampling"] = json::object();
  return offered;
}

std::optional<json> fill_in(const json& requested_schema, const json& answers) {
  if (!answers.is_object() || !requested_schema.is_object()) return std::nullopt;
  const json properties = requested_schema.value("properties", json::object());
  if (!properties.is_object()) return std::nullopt;
  json content = transport::default_content(requested_schema);
  bool is_about_this = answers.empty();
  for (const auto& [name, answer] : answers.items()) {
    if (!properties.contains(name)) continue;
    content[name] = answer;
    is_about_this = true;
  }
  json_schema::CompileOptions options;
  options.limits.steps_max = 200'000;  // a stranger's schema, judged on the thread that serves all servers
  json schema = requested_schema;
  schema["type"] = "object";
  const auto compiled = json_schema::compile(schema, options);
  if (!is_about_this || !compiled.ok() || !compiled->accepts(content)) return std::nullopt;
  return content;
}

std::optional<InputAnswer> answer_of_entry(const ServerEntry& entry, const ToolPolicy& tool, const ToolCall& call,
                                           const InputRequest& question) {
  if (is_form(question))
    if (auto content = fill_in(question.params.value("requestedSchema", json()), tool.answers))
      return json{{"action", "accept"}, {"content", *std::move(content)}};
  if (can_ask(entry, call, question)) return std::nullopt;
  if (question.method == kElicitation && entry.questions == Questions::ask_or_decline)
    return json{{"action", "decline"}};
  if (question.method == kElicitation && entry.questions == Questions::ask)
    return not_asked(
        words_of(question) +
        ", and nobody is there to answer. Call the tool from a client that can be asked, put the answers into "
        "carillon.tools.<tool>.answers of the entry, or let it decline: \"questions\": \"ask_or_decline\"");
  if (question.method == kSampling && entry.sampling == Sampling::ask)
    return not_asked("it asks for a sample of the caller's model, and the caller has none to give");
  return not_asked(words_of(question) + ", which its entry in servers.json does not allow (questions, sampling)");
}

InputAnswer answer_to_stray(const ServerEntry& entry, const InputRequest& question) {
  if (question.method == kElicitation && entry.questions == Questions::ask_or_decline)
    return json{{"action", "decline"}};
  return not_asked(
      "it cannot be told which of several calls this is about; with \"max_parallel\": 1 in the entry of this server in "
      "servers.json it could");
}

ToolQuestion as_asked(const InputRequest& question) {
  json params = mask_secrets(question.params);
  for (const char* legacy : {"_meta", "task", "elicitationId"}) params.erase(legacy);
  return {question.method, std::move(params)};
}

}  // namespace carillon::catalog
