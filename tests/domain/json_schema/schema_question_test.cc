#include "server/domain/json_schema/schema_question.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon::json_schema {
namespace {

TEST_CASE("a value fits its schema or is told where it does not", "[domain][json_schema]") {
  const json schema{{"properties", {{"day", {{"format", "date"}}}, {"n", {{"type", "integer"}}}}}};
  CHECK(answer_schema_question({{"schema", schema}, {"instance", {{"n", 1}}}}) ==
        json{{"valid", true}, {"errors", json::array()}});
  const json wrong = answer_schema_question({{"schema", schema}, {"instance", {{"n", "x"}}}});
  CHECK(wrong["valid"] == false);
  CHECK(wrong["errors"][0]["pointer"] == "/n");
  json question{{"schema", schema}, {"instance", {{"day", "soon"}}}};
  CHECK(answer_schema_question(question)["valid"] == true);
  question["formats"] = "assert";
  CHECK(answer_schema_question(question)["errors"][0]["pointer"] == "/day");
}

TEST_CASE("draft and documents are those of the question", "[domain][json_schema]") {
  // Beside a $ref draft-07 looks at nothing else.
  const json schema{{"$ref", "urn:any"}, {"type", "string"}};
  json question{{"schema", schema}, {"instance", 1}, {"documents", {{"urn:any", true}}}};
  CHECK(answer_schema_question(question)["valid"] == false);
  question["draft"] = "draft7";
  CHECK(answer_schema_question(question)["valid"] == true);
}

TEST_CASE("a question that is wrong is told where", "[domain][json_schema]") {
  const auto [question, pointer] = GENERATE(table<json, const char*>({
      {json(7), ""},
      {{{"schema", true}}, ""},
      {{{"schema", {{"type", "strin"}}}, {"instance", 1}}, "/schema/type"},
      {{{"schema", {{"$ref", "http://elsewhere/x"}}}, {"instance", 1}}, "/schema/$ref"},
      {{{"schema", true}, {"instance", 1}, {"draft", "4"}}, "/draft"},
      {{{"schema", true}, {"instance", 1}, {"formats", true}}, "/formats"},
      {{{"schema", true}, {"instance", 1}, {"documents", 7}}, "/documents"},
  }));
  CAPTURE(question);
  const json answer = answer_schema_question(question);
  CHECK(answer["error"]["pointer"] == pointer);
  CHECK(answer["error"]["message"] != "");
}

}  // namespace
}  // namespace carillon::json_schema
