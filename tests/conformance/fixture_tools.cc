#include <nlohmann/json.hpp>

#include "tests/conformance/fixture.h"

namespace carillon::conformance {
namespace {

using namespace std::chrono_literals;
using transport::LogLevel;
using transport::text_block;

const ordered_json kSchema2020 = ordered_json::parse(R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
  "$defs": {"address": {"$anchor": "addressDef", "type": "object",
    "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
  "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
    "contactMethod": {"type": "string", "enum": ["phone", "email"]},
    "phone": {"type": "string"}, "email": {"type": "string"}},
  "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
  "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
  "then": {"required": ["phone"]}, "else": {"required": ["email"]}, "additionalProperties": false})");

const ordered_json kHeaderSchema = ordered_json::parse(
    R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}},"additionalProperties":false})");

json image() { return {{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}}; }
json audio() { return {{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}}; }
json resource(const char* uri, const char* mime_type, const char* text) {
  return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", mime_type}, {"text", text}}}};
}

FixtureTool fixed(std::string name, std::string description, Answer answer) {
  return {std::move(name), std::move(description), kNoArguments,
          [answer = std::move(answer)](const FixtureCall& call) { call.done(answer); }};
}

// Runs the steps 50 ms apart, then answers.
void step_by_step(const FixtureCall& call, std::vector<std::function<void()>> steps, std::string text) {
  if (steps.empty()) return call.done(text_answer(text));
  const auto next = std::move(steps.front());
  steps.erase(steps.begin());
  next();
  call.stage.timer.after(50ms, [call, steps = std::move(steps), text = std::move(text)]() mutable {
    step_by_step(call, std::move(steps), std::move(text));
  });
}

void report_progress(const FixtureCall& call) {
  std::vector<std::function<void()>> steps;
  for (const double progress : {0.0, 50.0, 100.0})
    steps.emplace_back([call, progress] { call.context.channel->report({progress, 100.0, ""}); });
  step_by_step(call, std::move(steps), "Progress reported");
}

void write_logs(const FixtureCall& call) {
  std::vector<std::function<void()>> steps;
  for (const char* text : {"Tool execution started", "Tool processing data", "Tool execution completed"})
    steps.emplace_back([call, text] { call.context.channel->log(LogLevel::info, text); });
  step_by_step(call, std::move(steps), "Logged");
}

void reconnect(const FixtureCall& call) {
  call.context.channel->drop_stream(200ms);
  call.stage.timer.after(300ms, [call] { call.done(text_answer("Delivered after the reconnection")); });
}

void need_sampling(const FixtureCall& call) {
  if (!call.context.client_can("sampling"))
    return call.done(transport::missing_capability({{"sampling", json::object()}}));
  call.done(text_answer("The client can sample"));
}

}  // namespace

Answer text_answer(const std::string& text) { return {json::array({text_block(text)})}; }

InputRequest elicitation(const std::string& message, const json& properties) {
  json required = json::array();
  for (const auto& [name, schema] : properties.items())
    if (!schema.contains("default")) required.push_back(name);
  return {"elicitation/create",
          {{"mode", "form"},
           {"message", message},
           {"requestedSchema", {{"type", "object"}, {"properties", properties}, {"required", required}}}}};
}

std::vector<FixtureTool> content_tools() {
  const json embedded = resource("test://embedded-resource", "text/plain", "This is an embedded resource content.");
  const json mixed = resource("test://mixed-content-resource", "application/json", R"({"test":"data","value":123})");
  Answer failed = text_answer("This tool intentionally returns an error for testing");
  failed.is_error = true;
  return {
      fixed("test_simple_text", "Answers with text", text_answer("This is a simple text response for testing.")),
      fixed("test_image_content", "Answers with an image", {json::array({image()})}),
      fixed("test_audio_content", "Answers with sound", {json::array({audio()})}),
      fixed("test_embedded_resource", "Answers with a resource", {json::array({embedded})}),
      fixed("test_multiple_content_types", "Answers with several kinds of content",
            {json::array({text_block("Multiple content types test:"), image(), mixed})}),
      fixed("test_error_handling", "Fails", failed),
      fixed("json_schema_2020_12_tool", "Has a schema with many keywords", text_answer("ok")),
      {"test_tool_with_progress", "Reports its progress", kNoArguments, report_progress},
      {"test_tool_with_logging", "Writes log messages", kNoArguments, write_logs},
      {"test_logging_tool", "Writes a log message", kNoArguments,
       [](const FixtureCall& call) {
         call.context.channel->log(LogLevel::info, "A log message");
         call.done(text_answer("Logged"));
       }},
      {"test_reconnection", "Loses its stream and answers later", kNoArguments, reconnect},
      {"test_missing_capability", "Needs sampling", kNoArguments, need_sampling},
      {"test_trigger_tool_change", "Announces a change of tools", kNoArguments,
       [](const FixtureCall& call) {
         call.stage.server->tools_changed();
         call.done(text_answer("Announced"));
       }},
      {"test_trigger_prompt_change", "Announces a change of prompts", kNoArguments,
       [](const FixtureCall& call) {
         call.stage.server->prompts_changed();
         call.done(text_answer("Announced"));
       }},
      {"test_header_param", "Has a parameter that a header mirrors", kHeaderSchema,
       [](const FixtureCall& call) { call.done(text_answer(call.arguments.value("region", "nowhere"))); }},
  };
}

FixtureTools::FixtureTools(Stage& stage) : stage_(stage) {
  auto list = std::make_shared<transport::ToolList>();
  for (auto& family : {content_tools(), input_tools(), task_tools()}) {
    for (auto tool : family) {
      if (tool.name == "json_schema_2020_12_tool") tool.input_schema = kSchema2020;
      transport::ToolEntry entry{
          {"name", tool.name}, {"description", tool.description}, {"inputSchema", tool.input_schema}};
      if (!tool.task_support.empty()) entry["execution"] = {{"taskSupport", tool.task_support}};
      list->tools.push_back(std::move(entry));
      tools_.emplace(tool.name, std::move(tool));
    }
  }
  list_ = std::move(list);
}

std::shared_ptr<const transport::ToolList> FixtureTools::list_tools(const RequestContext&) { return list_; }

void FixtureTools::call_tool(const RequestContext& context, const std::string& name, json arguments, ToolDone done) {
  const auto found = tools_.find(name);
  if (found == tools_.end()) return done(transport::invalid_params("there is no tool " + name));
  found->second.call({stage_, context, std::move(arguments), std::move(done)});
}

}  // namespace carillon::conformance
