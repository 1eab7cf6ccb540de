#include "server/domain/json_compare.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon {
namespace {

TEST_CASE("values are compared by meaning", "[domain][json_compare]") {
  const auto [a, b] = GENERATE(table<json, json>({
      {1, 1.0},
      {json{{"a", 1}, {"b", 2}}, json{{"b", 2.0}, {"a", 1}}},
      {json{1, "x", nullptr}, json{1, "x", nullptr}},
      {0, -0.0},
  }));
  CHECK(compare_values(a, b) == 0);
}

TEST_CASE("what differs is ordered one way only", "[domain][json_compare]") {
  const auto [less, more] = GENERATE(table<json, json>({
      {-1, 18446744073709551615U},
      {9007199254740992, 9007199254740993},
      {9007199254740992.0, 9007199254740993},
      {"a", "b"},
      {json{2}, json{1, 1}},
      {json{1, 2}, json{1, 3}},
      {json{{"a", 2}}, json{{"b", 1}}},
      {false, true},
      {nullptr, json::array()},
  }));
  CHECK(compare_values(less, more) < 0);
  CHECK(compare_values(more, less) > 0);
}

TEST_CASE("depth is measured without going deeper than asked", "[domain][json_compare]") {
  const json deep = json::parse(std::string(100'000, '[') + std::string(100'000, ']'));
  CHECK(deeper_than(deep, 10));
  CHECK(deeper_than(json{{"a", {1}}}, 1));
  CHECK_FALSE(deeper_than(json{{"a", {1}}}, 2));
  CHECK_FALSE(deeper_than(1, 0));
  CHECK_FALSE(deeper_than(json::array(), 0));
}

}  // namespace
}  // namespace carillon
