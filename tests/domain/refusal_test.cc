#include "server/domain/refusal.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("a pointer escapes what it must", "[domain][refusal]") {
  CHECK(below("/a", "b") == "/a/b");
  CHECK(below("", "x/y~z") == "/x~1y~0z");
}

TEST_CASE("an unknown member is named with the nearest known one", "[domain][refusal]") {
  constexpr auto kKnown = std::to_array<std::string_view>({"timezone", "when"});
  CHECK_FALSE(unknown_member({{"when", 1}}, kKnown, "").has_value());
  const auto error = unknown_member({{"timezon", 1}}, kKnown, "/a");
  REQUIRE(error.has_value());
  CHECK(error->pointer == "/a/timezon");
  CHECK(error->details["nearest"] == json::array({"timezone"}));
}

TEST_CASE("text that the database cannot hold is refused", "[domain][refusal]") {
  CHECK_FALSE(unfit_text("fine", 10, "/x").has_value());
  CHECK(unfit_text(std::string_view("a\0b", 3), 10, "/x")->code == ErrorCode::arguments_invalid);
  CHECK(unfit_text("too long", 3, "/x")->code == ErrorCode::too_large);
}
