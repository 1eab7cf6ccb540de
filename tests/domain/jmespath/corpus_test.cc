#include <catch2/catch.hpp>

#include "server/domain/jmespath/jmespath.h"
#include "tests/domain/corpora.h"

namespace carillon::jmespath {
namespace {

// What the case gets, in the words of the corpus: {"result": …}, {"error": …} or {"compiled": true}.
json outcome(const json& test, const json& given) {
  const auto expression = compile(test.at("expression").get<std::string>());
  if (!expression) return {{"error", expression.error().details.at("fault")}};
  if (test.contains("bench")) return {{"compiled", true}};
  const auto result = expression->evaluate(given);
  if (!result) return {{"error", result.error().details.at("fault")}};
  return {{"result", *result}};
}

json expected(const json& test) {
  if (test.contains("bench")) return {{"compiled", true}};
  if (test.contains("error")) return {{"error", test.at("error")}};
  return {{"result", test.at("result")}};
}

TEST_CASE("every case of the JMESPath compliance suite passes", "[domain][jmespath][corpus]") {
  const auto found = corpora::find("jmespath");
  if (!found) return;
  const auto& corpus = *found;
  std::size_t cases = 0;
  std::vector<std::string> wrong;
  for (const auto& file : corpora::json_files(corpus, corpora::Walk::here)) {
    for (const auto& suite : corpora::read(file)) {
      for (const auto& test : suite.at("cases")) {
        ++cases;
        const json got = outcome(test, suite.at("given"));
        if (got == expected(test)) continue;
        wrong.push_back(file.stem().string() + ": " + test.at("expression").get<std::string>() + ": " + got.dump());
      }
    }
  }
  CHECK(cases == 908);
  CHECK(wrong == std::vector<std::string>{});
}

}  // namespace
}  // namespace carillon::jmespath
