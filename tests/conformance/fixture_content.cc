// Resources, prompts and completion.
#include <nlohmann/json.hpp>

#include "tests/conformance/fixture.h"

namespace carillon::conformance {
namespace {

using transport::Page;

const ordered_json kResources = ordered_json::parse(R"([
  {"uri": "test://static-text", "name": "Static text", "description": "A text", "mimeType": "text/plain"},
  {"uri": "test://static-binary", "name": "Static binary", "description": "A picture", "mimeType": "image/png"},
  {"uri": "test://watched-resource", "name": "Watched", "description": "Changes", "mimeType": "text/plain"}])");
const ordered_json kTemplates = ordered_json::parse(R"([
  {"uriTemplate": "test://template/{id}/data", "name": "Template", "description": "Data by id",
   "mimeType": "application/json"}])");
const ordered_json kPrompts = ordered_json::parse(R"([
  {"name": "test_simple_prompt", "description": "A prompt"},
  {"name": "test_prompt_with_arguments", "description": "A prompt with arguments", "arguments": [
    {"name": "arg1", "description": "The first", "required": true},
    {"name": "arg2", "description": "The second", "required": true}]},
  {"name": "test_prompt_with_embedded_resource", "description": "A prompt with a resource", "arguments": [
    {"name": "resourceUri", "description": "Which resource", "required": true}]},
  {"name": "test_prompt_with_image", "description": "A prompt with a picture"},
  {"name": "test_input_required_result_prompt", "description": "A prompt that asks first"}])");

constexpr std::string_view kTemplateStart = "test://template/";
constexpr std::string_view kTemplateEnd = "/data";

json user(json content) { return {{"role", "user"}, {"content", std::move(content)}}; }
json user_text(const std::string& text) { return user(transport::text_block(text)); }

transport::PromptOutcome ask_context(const RequestContext& context) {
  const json answer = context.input.responses.value("user_context", json());
  if (!answer.is_object())
    return NeedInput{{{"user_context", elicitation("What is it about?", {{"context", {{"type", "string"}}}})}},
                     nullptr};
  const json content = answer.value("content", json::object());
  return transport::PromptText{
      "A prompt that asked first",
      {user_text("The context: " + (content.is_object() ? content.value("context", "") : ""))}};
}

transport::PromptOutcome prompt_named(const RequestContext& context, const std::string& name,
                                      const std::map<std::string, std::string>& arguments) {
  const auto argument = [&](const char* key) {
    const auto found = arguments.find(key);
    return found == arguments.end() ? std::string{} : found->second;
  };
  if (name == "test_simple_prompt")
    return transport::PromptText{"A prompt", {user_text("This is a simple prompt for testing.")}};
  if (name == "test_prompt_with_arguments")
    return transport::PromptText{"A prompt",
                                 {user_text("arg1='" + argument("arg1") + "', arg2='" + argument("arg2") + "'")}};
  if (name == "test_prompt_with_embedded_resource") {
    const json resource{{"uri", argument("resourceUri")}, {"mimeType", "text/plain"}, {"text", "Embedded content"}};
    return transport::PromptText{"A prompt", {user({{"type", "resource"}, {"resource", resource}})}};
  }
  if (name == "test_prompt_with_image")
    return transport::PromptText{"A prompt", {user({{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}})}};
  if (name == "test_input_required_result_prompt") return ask_context(context);
  return transport::invalid_params("there is no prompt " + name);
}

std::vector<json> read(const std::string& uri) {
  if (uri == "test://static-text")
    return {{{"uri", uri}, {"mimeType", "text/plain"}, {"text", "This is the content of the static text resource."}}};
  if (uri == "test://static-binary") return {{{"uri", uri}, {"mimeType", "image/png"}, {"blob", kPng}}};
  if (uri == "test://watched-resource") return {{{"uri", uri}, {"mimeType", "text/plain"}, {"text", "Watched"}}};
  if (!uri.starts_with(kTemplateStart) || !uri.ends_with(kTemplateEnd)) return {};
  const std::string id = uri.substr(kTemplateStart.size(), uri.size() - kTemplateStart.size() - kTemplateEnd.size());
  const json data{{"id", id}, {"templateTest", true}, {"data", "Data for ID: " + id}};
  return {{{"uri", uri}, {"mimeType", "application/json"}, {"text", data.dump()}}};
}

}  // namespace

void FixtureContent::list_resources(const RequestContext&, const transport::Cursor&, transport::PageDone done) {
  done(Page{{kResources.begin(), kResources.end()}});
}
void FixtureContent::list_templates(const RequestContext&, const transport::Cursor&, transport::PageDone done) {
  done(Page{{kTemplates.begin(), kTemplates.end()}});
}
void FixtureContent::read_resource(const RequestContext&, const std::string& uri, transport::ReadDone done) {
  done(transport::Contents{read(uri)});
}
bool FixtureContent::may_watch(const RequestContext&, const std::string& uri) { return !read(uri).empty(); }

void FixtureContent::list_prompts(const RequestContext&, const transport::Cursor&, transport::PageDone done) {
  done(Page{{kPrompts.begin(), kPrompts.end()}});
}
void FixtureContent::get_prompt(const RequestContext& context, const std::string& name,
                                const std::map<std::string, std::string>& arguments, transport::PromptDone done) {
  done(prompt_named(context, name, arguments));
}
void FixtureContent::complete(const RequestContext&, const transport::CompletionRequest& request,
                              transport::CompletionDone done) {
  done(transport::Completion{{request.value + "-one", request.value + "-two"}});
}

}  // namespace carillon::conformance
