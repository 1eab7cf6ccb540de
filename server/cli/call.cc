// `carillon call`: one tool call through the daemon's socket, as a modern MCP client.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/cli/command.h"
#include "server/cli/conversation.h"

namespace carillon::cli {
namespace {

using namespace nlohmann::literals;

// A word's value as the tool's schema wants it; what does not fit stays text and is judged (and named) by the tool.
json read_value(const std::string& text, const json& schema) {
  const std::string type = schema.value("type", "");
  if (type == "string") return text;
  json value = json::parse(text, nullptr, false);
  if (!value.is_discarded() && !value.is_string()) return value;
  if (type == "array") return json::array({text});
  return text;
}

// key=value words and --args into one object. `properties` are those of the tool's input schema.
Result<json> read_arguments(const Parsed& parsed, const json& properties) {
  json arguments = json::parse(parsed.value("args", "{}"), nullptr, false);
  if (!arguments.is_object())
    return Error{ErrorCode::arguments_invalid, "--args is not a JSON object; write for example --args '{\"limit\":5}'"};
  for (std::size_t i = 1; i < parsed.rest.size(); ++i) {
    const std::string& word = parsed.rest[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{ErrorCode::arguments_invalid, "'" + word + "' is not of the form key=value"};
    const std::string key = word.substr(0, equals);
    arguments[key] = read_value(word.substr(equals + 1), properties.value(key, json::object()));
  }
  return arguments;
}

json properties_of(const std::optional<json>& listing, const std::string& tool) {
  if (listing)
    for (const auto& entry : listing->value("/result/tools"_json_pointer, json::array()))
      if (entry.value("name", "") == tool) return entry.value("/inputSchema/properties"_json_pointer, json::object());
  return json::object();
}

int print_response(const json& response, const Parsed& parsed) {
  if (response.contains("error")) {
    std::fprintf(stderr, "carillon: %s\n", response["error"].value("message", "the call was refused").c_str());
    return kExitFailed;
  }
  const json& result = response["result"];
  const bool failed = result.value("isError", false);
  if (parsed.has("json") && result.contains("structuredContent")) {
    std::printf("%s\n", result["structuredContent"].dump(2).c_str());
  } else {
    for (const auto& block : result.value("content", json::array()))
      if (block.value("type", "") == "text")
        std::fprintf(failed && !parsed.has("json") ? stderr : stdout, "%s\n", block.value("text", "").c_str());
  }
  return failed ? kExitFailed : kExitOk;
}

}  // namespace

int run_call(const Words& words) {
  const auto parsed = parse_words(words, {.command = "call",
                                          .flags = {},
                                          .own = {{"args", "the arguments as one JSON object", "OBJECT"},
                                                  {"json", "print the structured result", ""}}});
  if (!parsed) return kExitUsage;
  if (parsed->rest.empty()) {
    std::fprintf(stderr, "carillon: name a tool: carillon call get_status\n");
    return kExitUsage;
  }
  // Before anything is opened: the words must be readable whatever the tool's schema says.
  const auto readable = read_arguments(*parsed, json::object());
  if (!readable.ok()) {
    std::fprintf(stderr, "carillon: %s\n", readable.error().message.c_str());
    return kExitUsage;
  }
  auto daemon = Conversation::open(parsed->config.paths);
  if (!daemon.ok()) {
    std::fprintf(stderr, "carillon: %s\n", daemon.error().message.c_str());
    return kExitUnavailable;
  }
  const std::string& tool = parsed->rest[0];
  const auto arguments = read_arguments(*parsed, properties_of(daemon->ask("tools/list", json::object()), tool));
  const auto response = daemon->ask("tools/call", {{"name", tool}, {"arguments", *arguments}});
  if (!response) {
    std::fprintf(stderr, "carillon: the daemon closed the connection before it answered\n");
    return kExitUnavailable;
  }
  return print_response(*response, *parsed);
}

}  // namespace carillon::cli
