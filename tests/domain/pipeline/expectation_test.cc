#include "server/domain/pipeline/expectation.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;

TEST_CASE("a value is held against what its step expects", "[domain][pipeline]") {
  CHECK(pipeline::check_expected("", {{"n", 1}}).ok());
  CHECK(pipeline::check_expected("n > `0`", {{"n", 1}}).ok());
  const auto unfit = pipeline::check_expected("n > `1`", {{"n", 1}});
  CHECK(unfit.error().message == "its result is not as expected: n > `1`");
  CHECK_FALSE(pipeline::check_expected("n >", {{"n", 1}}).ok());
}
