#include "server/base/version.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("versions are compared by their numbers", "[base][version]") {
  struct Row {
    const char *newer, *older;
  };
  const auto row = GENERATE(Row{"0.2.0", "0.1.0"}, Row{"0.10.0", "0.9.9"}, Row{"1.0.0", "0.99.99"}, Row{"1.0.1", "1.0"},
                            Row{"2", "1.9"}, Row{"1.0", "1.0-rc1"}, Row{"1.0-rc2", "1.0.0-rc1"}, Row{"1.1-rc1", "1.0"});
  CAPTURE(row.newer, row.older);
  CHECK(is_newer(row.newer, row.older));
  CHECK_FALSE(is_newer(row.older, row.newer));
}

TEST_CASE("a version is not newer than itself and nothing is newer than what is no version", "[base][version]") {
  CHECK_FALSE(is_newer(kVersion, kVersion));
  CHECK_FALSE(is_newer("1.0.0", "1.0"));
  const char* text = GENERATE("", "x", "1.", ".1", "1..2", "1.x", "-1", "99999999999999999999");
  CAPTURE(text);
  CHECK_FALSE(is_newer("1.0", text));
  CHECK_FALSE(is_newer(text, "1.0"));
}
