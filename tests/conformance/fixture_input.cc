// Tools that ask the client for input: elicitation, sampling and roots, in one round or several.
#include <nlohmann/json.hpp>

#include "tests/conformance/fixture.h"

namespace carillon::conformance {
namespace {

const json kText{{"type", "string"}};

ordered_json texts(const char* name) {
  return {{"type", "object"}, {"properties", {{name, {{"type", "string"}}}}}, {"required", {name}}};
}

InputRequest sampling(const std::string& prompt) {
  return {"sampling/createMessage",
          {{"messages", {{{"role", "user"}, {"content", {{"type", "text"}, {"text", prompt}}}}}}, {"maxTokens", 100}}};
}

InputRequest roots() { return {"roots/list", json::object()}; }

// What the client answered under a key, if it is an object; null otherwise.
json given(const FixtureCall& call, const char* key) {
  const json& responses = call.context.input.responses;
  const auto found = responses.find(key);
  return found != responses.end() && found->is_object() ? *found : json(nullptr);
}

// The accepted text of an elicitation's field; nothing if it is not there.
std::optional<std::string> accepted_text(const FixtureCall& call, const char* key, const char* field) {
  const json answer = given(call, key);
  if (answer.is_null() || answer.value("action", "") != "accept") return std::nullopt;
  const json content = answer.value("content", json::object());
  if (!content.is_object() || !content.value(field, json()).is_string()) return std::nullopt;
  return content[field].get<std::string>();
}

std::string sampled_text(const json& answer) {
  const json content = answer.value("content", json::object());
  return content.is_object() ? content.value("text", "") : content.dump();
}

void sample(const FixtureCall& call) {
  const json answer = given(call, "sample");
  if (answer.is_null())
    return call.done(NeedInput{{{"sample", sampling(call.arguments.value("prompt", ""))}}, nullptr});
  call.done(text_answer("LLM response: " + sampled_text(answer)));
}

// Asks one form and answers with what came back.
void ask_form(const FixtureCall& call, const json& properties, const std::string& message, const std::string& before) {
  const json answer = given(call, "form");
  if (answer.is_null()) return call.done(NeedInput{{{"form", elicitation(message, properties)}}, nullptr});
  call.done(text_answer(before + "action=" + answer.value("action", "") +
                        ", content=" + answer.value("content", json::object()).dump()));
}

void elicit(const FixtureCall& call) {
  ask_form(call, {{"username", kText}, {"email", kText}}, call.arguments.value("message", "Please answer"),
           "User response: ");
}

void elicit_defaults(const FixtureCall& call) {
  const json properties{
      {"name", {{"type", "string"}, {"default", "John Doe"}}},
      {"age", {{"type", "integer"}, {"default", 30}}},
      {"score", {{"type", "number"}, {"default", 95.5}}},
      {"status", {{"type", "string"}, {"enum", {"active", "inactive", "pending"}}, {"default", "active"}}},
      {"verified", {{"type", "boolean"}, {"default", true}}}};
  ask_form(call, properties, "Please review", "Elicitation completed: ");
}

void elicit_enums(const FixtureCall& call) {
  const json titled = json::array({{{"const", "value1"}, {"title", "First Option"}},
                                   {{"const", "value2"}, {"title", "Second Option"}},
                                   {{"const", "value3"}, {"title", "Third Option"}}});
  const json plain = json::array({"option1", "option2", "option3"});
  const json properties{{"untitledSingle", {{"type", "string"}, {"enum", plain}}},
                        {"titledSingle", {{"type", "string"}, {"oneOf", titled}}},
                        {"legacyEnum", {{"type", "string"}, {"enum", plain}, {"enumNames", {"One", "Two", "Three"}}}},
                        {"untitledMulti", {{"type", "array"}, {"items", {{"type", "string"}, {"enum", plain}}}}},
                        {"titledMulti", {{"type", "array"}, {"items", {{"anyOf", titled}}}}}};
  ask_form(call, properties, "Please choose", "Elicitation completed: ");
}

void streaming_elicitation(const FixtureCall& call) {
  call.context.channel->report({1, 2.0, "asking"});
  ask_form(call, {{"name", kText}}, "What is your name?", "User response: ");
}

void greet_user(const FixtureCall& call) {
  const auto name = accepted_text(call, "user_name", "name");
  if (!name)
    return call.done(NeedInput{{{"user_name", elicitation("What is your name?", {{"name", kText}})}}, nullptr});
  call.done(text_answer("Hello, " + *name + "!"));
}

void ask_capital(const FixtureCall& call) {
  const json answer = given(call, "capital_question");
  if (answer.is_null())
    return call.done(NeedInput{{{"capital_question", sampling("What is the capital of France?")}}, nullptr});
  call.done(text_answer("The answer: " + sampled_text(answer)));
}

void list_roots(const FixtureCall& call) {
  const json answer = given(call, "client_roots");
  if (answer.is_null()) return call.done(NeedInput{{{"client_roots", roots()}}, nullptr});
  call.done(text_answer("Roots: " + answer.value("roots", json::array()).dump()));
}

void confirm_with_state(const FixtureCall& call) {
  if (given(call, "confirm").is_null() || call.context.input.state.is_null())
    return call.done(NeedInput{{{"confirm", elicitation("Go on?", {{"ok", kYesNo}})}}, {{"step", "confirm"}}});
  call.done(text_answer("state-ok"));
}

void ask_everything(const FixtureCall& call) {
  if (given(call, "name").is_null() || given(call, "capital").is_null() || given(call, "roots").is_null())
    return call.done(NeedInput{{{"name", elicitation("What is your name?", {{"name", kText}})},
                                {"capital", sampling("What is the capital of France?")},
                                {"roots", roots()}},
                               {{"step", "all"}}});
  call.done(text_answer("All inputs received"));
}

void ask_twice(const FixtureCall& call) {
  const json state = call.context.input.state.is_object() ? call.context.input.state : json::object();
  const bool second = state.contains("name");
  if (!second) {
    const auto name = accepted_text(call, "step1", "name");
    if (name)
      return call.done(NeedInput{{{"step2", elicitation("Which color?", {{"color", kText}})}}, {{"name", *name}}});
    return call.done(NeedInput{{{"step1", elicitation("What is your name?", {{"name", kText}})}}, {{"step", 1}}});
  }
  const auto color = accepted_text(call, "step2", "color");
  if (!color) return call.done(NeedInput{{{"step2", elicitation("Which color?", {{"color", kText}})}}, state});
  call.done(text_answer(state["name"].get<std::string>() + " likes " + *color));
}

// Asks only for what the client declared.
void ask_what_is_possible(const FixtureCall& call) {
  NeedInput need;
  if (call.context.client_can("sampling")) need.requests.emplace("sample", sampling("Say something"));
  if (call.context.client_can("elicitation"))
    need.requests.emplace("ask", elicitation("What is your name?", {{"name", kText}}));
  if (call.context.client_can("roots")) need.requests.emplace("roots", roots());
  const bool answered = !call.context.input.responses.empty();
  if (need.requests.empty() || answered) return call.done(text_answer("Done"));
  call.done(std::move(need));
}

}  // namespace

std::vector<FixtureTool> input_tools() {
  return {
      {"test_sampling", "Asks the client's model", texts("prompt"), sample},
      {"test_elicitation", "Asks the user", texts("message"), elicit},
      {"test_elicitation_sep1034_defaults", "Asks with defaults", kNoArguments, elicit_defaults},
      {"test_elicitation_sep1330_enums", "Asks with choices", kNoArguments, elicit_enums},
      {"test_streaming_elicitation", "Asks on a stream", kNoArguments, streaming_elicitation},
      {"test_input_required_result_elicitation", "Asks for a name", kNoArguments, greet_user},
      {"test_input_required_result_sampling", "Asks the client's model", kNoArguments, ask_capital},
      {"test_input_required_result_list_roots", "Asks for the client's roots", kNoArguments, list_roots},
      {"test_input_required_result_request_state", "Asks and keeps state", kNoArguments, confirm_with_state},
      {"test_input_required_result_tampered_state", "Asks and guards its state", kNoArguments, confirm_with_state},
      {"test_input_required_result_multiple_inputs", "Asks for three things", kNoArguments, ask_everything},
      {"test_input_required_result_multi_round", "Asks twice", kNoArguments, ask_twice},
      {"test_input_required_result_capabilities", "Asks for what is possible", kNoArguments, ask_what_is_possible},
  };
}

}  // namespace carillon::conformance
