#include "server/domain/json_schema/formats.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace carillon::json_schema {
namespace {

TEST_CASE("the example of every format is of that format", "[domain][json_schema][formats]") {
  for (const auto& format : all_formats()) {
    CAPTURE(format.name);
    CHECK(format.accepts(format.example));
    CHECK(find_format(format.name) == &format);
  }
  CHECK(find_format("colour") == nullptr);
}

TEST_CASE("what the official suite leaves out is refused too", "[domain][json_schema][formats]") {
  const auto [name, text] = GENERATE(table<const char*, const char*>({
      {"date", "2025-02-29"},
      {"date", "1900-02-29"},
      {"date-time", "2026-11-21 15:00:00Z"},
      {"date-time", ""},
      {"time", "23:59:60+01:00"},
      {"duration", "P"},
      {"duration", "PT"},
      {"duration", "P1Y2W"},
      {"duration", "P1D1Y"},
      {"ipv4", "1.2.3"},
      {"ipv4", "1.2.3.4."},
      {"ipv4", "01.2.3.4"},
      {"ipv6", "::1::"},
      {"ipv6", "1:2:3:4:5:6:7"},
      {"ipv6", "1.2.3.4::"},
      {"ipv6", "::%eth0"},
      {"email", "a@"},
      {"email", "@b"},
      {"email", ".a@b"},
      {"email", "a..b@c"},
      {"hostname", "a..b"},
      {"hostname", "-a"},
      {"uri", "//a/b"},
      {"uri", "a b:c"},
      {"uri-reference", "%zz"},
      {"uri-template", "{"},
      {"uri-template", "{a:0}"},
      {"json-pointer", "a"},
      {"json-pointer", "/~2"},
      {"relative-json-pointer", "01"},
      {"regex", "("},
      {"uuid", "2eb8aa08aa9811eab4aa73b441d16380"},
  }));
  CAPTURE(name, text);
  CHECK_FALSE(find_format(name)->accepts(text));
}

TEST_CASE("random texts never crash a format", "[domain][json_schema][formats]") {
  std::mt19937 random{9};  // NOLINT: the same every time
  const std::string alphabet = "0123456789:.-+TZPWYMDHS@/%?#[]{}\"\\~*xn,; \xc3\xa9";
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n) text += alphabet[random() % alphabet.size()];
    for (const auto& format : all_formats()) accepted += format.accepts(text) ? 1 : 0;
  }
  CHECK(accepted > 1'000);
}

}  // namespace
}  // namespace carillon::json_schema
