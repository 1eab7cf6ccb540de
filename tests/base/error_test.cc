#include "server/base/error.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/base/result.h"

namespace carillon {
namespace {

TEST_CASE("every error code is found again by its wire name", "[base][error]") {
  for (const auto& info : kErrorCodes) {
    CHECK(error_code_named(info.name) == info.code);
    CHECK(describe(info.code).name == info.name);
  }
  CHECK_FALSE(error_code_named("no_such_code"));
}

TEST_CASE("an error answer names the argument and what would work", "[base][error]") {
  const json answer = to_answer(Error{ErrorCode::when_ambiguous,
                                      "\"30m\" could be a delay or a repeat.",
                                      "/when",
                                      "30m",
                                      {"in 30m", "every 30m"},
                                      {{"now", "Fri 2026-11-20 14:05 Europe/Berlin"}}});
  CHECK(answer == json::parse(R"({"error":"when_ambiguous","pointer":"/when","got":"30m","retryable":false,
    "message":"\"30m\" could be a delay or a repeat.","try":["in 30m","every 30m"],"now":"Fri 2026-11-20 14:05 Europe/Berlin"})"));
}

TEST_CASE("a result is either its value or its error", "[base][result]") {
  const Result<int> good{7};
  CHECK(good.ok());
  CHECK(*good == 7);
  const Result<int> bad{Error{ErrorCode::conflict, "no"}};
  CHECK_FALSE(bad.ok());
  CHECK(bad.error().code == ErrorCode::conflict);
}

}  // namespace
}  // namespace carillon
