#include "server/base/ascii.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("letters and digits are those of ASCII", "[base][ascii]") {
  CHECK(is_digit('0'));
  CHECK(is_digit('9'));
  CHECK_FALSE(is_digit('a'));
  CHECK(is_letter('a'));
  CHECK(is_letter('Z'));
  CHECK_FALSE(is_letter('['));
  CHECK_FALSE(is_letter('\xe4'));  // ä in Latin-1
  CHECK(is_alphanumeric('7'));
  CHECK_FALSE(is_alphanumeric('_'));
}

TEST_CASE("a hexadecimal digit has its value in either case and others have none", "[base][ascii]") {
  const auto [digit, value] =
      GENERATE(table<char, int>({{'0', 0}, {'9', 9}, {'a', 10}, {'F', 15}, {'g', -1}, {'/', -1}, {' ', -1}}));
  CHECK(hex_value(digit) == value);
}

TEST_CASE("only ASCII letters change their case", "[base][ascii]") {
  CHECK(lower_case("Straße ÄB-1") == "straße Äb-1");
  CHECK(upper_case("straße b-1") == "STRAßE B-1");
}

TEST_CASE("what is trimmed begins and ends with no blank", "[base][ascii]") {
  CHECK(trimmed(" \ta b\t ", " \t") == "a b");
  CHECK(trimmed("\ta ", " ") == "\ta");
  CHECK(trimmed(" \t ", " \t").empty());
  CHECK(trimmed("", " ").empty());
}
