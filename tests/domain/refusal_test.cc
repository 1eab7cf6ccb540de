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
  CHECK(error->details["accepted"] == json::array({"timezone", "when"}));
}

TEST_CASE("text that the database cannot hold is refused", "[domain][refusal]") {
  CHECK_FALSE(unfit_text("fine", 10, "/x").has_value());
  CHECK(unfit_text(std::string_view("a\0b", 3), 10, "/x")->code == ErrorCode::arguments_invalid);
  CHECK(unfit_text("too long", 3, "/x")->code == ErrorCode::too_large);
}

TEST_CASE("a refusal shows what came and offers no name that is far away", "[domain][refusal]") {
  constexpr auto kKnown = std::to_array<std::string_view>({"timezone", "when"});
  const auto far = unknown_member({{"when", 1}, {"zzzzzzzz", 2}}, kKnown, "");
  REQUIRE(far.has_value());
  CHECK(far->code == ErrorCode::arguments_invalid);
  CHECK(far->received == 2);
  CHECK(far->details["nearest"] == json::array());
  CHECK(far->message.find("did you mean") == std::string::npos);
  CHECK(invalid("give a text", "/when").received.is_null());
}

TEST_CASE("text fits up to its limit", "[domain][refusal]") {
  CHECK_FALSE(unfit_text("12345", 5, "/name").has_value());
  const auto large = unfit_text("123456", 5, "/name");
  REQUIRE(large.has_value());
  CHECK(large->pointer == "/name");
  CHECK(large->received == 6);
}
