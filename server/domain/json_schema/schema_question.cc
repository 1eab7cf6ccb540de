#include "server/domain/json_schema/schema_question.h"

#include <nlohmann/json.hpp>

#include "server/domain/json_schema/json_schema.h"
#include "server/domain/refusal.h"

namespace carillon::json_schema {
namespace {

// Which of the two words a member says; the first when it is absent.
Result<bool> is_second(const json& question, const char* member, std::pair<const char*, const char*> words) {
  if (!question.contains(member)) return false;
  const json& said = question.at(member);
  if (said == words.first) return false;
  if (said == words.second) return true;
  Error error = invalid(std::string(member) + " is \"" + words.first + "\" or \"" + words.second + "\"",
                        std::string("/") + member);
  error.try_instead = {words.first, words.second};
  return error;
}

Result<CompileOptions> options_of(const json& question) {
  const auto draft7 = is_second(question, "draft", {"2020-12", "draft7"});
  if (!draft7) return draft7.error();
  const auto asserted = is_second(question, "formats", {"annotate", "assert"});
  if (!asserted) return asserted.error();
  CompileOptions options{.draft = *draft7 ? Draft::draft7 : Draft::draft2020_12,
                         .formats = *asserted ? Formats::assert_known : Formats::annotate};
  if (!question.contains("documents")) return options;
  if (!question.at("documents").is_object())
    return invalid("documents is an object of schemas by their URI", "/documents");
  options.documents = std::make_shared<const Documents>(question.at("documents").get<Documents>());
  return options;
}

Result<json> answer(const json& question) {
  if (!question.is_object() || !question.contains("schema") || !question.contains("instance"))
    return invalid(R"(a question is an object such as {"schema": {"type": "string"}, "instance": "x"})", "");
  const auto options = options_of(question);
  if (!options) return options.error();
  const auto schema = compile(question.at("schema"), *options);
  if (!schema) {
    Error error = schema.error();
    error.pointer = "/schema" + error.pointer;
    return error;
  }
  const auto violations = schema->validate(question.at("instance"));
  json errors = json::array();
  for (const Violation& each : violations) errors.push_back({{"pointer", each.pointer}, {"message", each.message}});
  return json{{"valid", violations.empty()}, {"errors", std::move(errors)}};
}

}  // namespace

json refused_schema(const Error& error) {
  return {{"error", {{"code", describe(error.code).name}, {"message", error.message}, {"pointer", error.pointer}}}};
}

json answer_schema_question(const json& question) {
  auto answered = answer(question);
  return answered ? *std::move(answered) : refused_schema(answered.error());
}

}  // namespace carillon::json_schema
