#include "tests/domain/pipeline/simulation.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

using carillon::pipeline::test::simulate;

namespace {

struct Seeds {
  std::uint64_t first, last;
};

// CARILLON_PIPELINE_SEEDS is one seed ("15631") or a range ("1-500000"): how scripts/test --soak shares a million among
// the processors, and how a seed that failed is played again.
Seeds seeds_wanted() {
  const char* wanted = std::getenv("CARILLON_PIPELINE_SEEDS");
  if (wanted == nullptr) return {1, 10'000};
  char* end = nullptr;
  const std::uint64_t first = std::strtoull(wanted, &end, 10);
  return {first, *end == '-' ? std::strtoull(end + 1, nullptr, 10) : first};
}

}  // namespace

TEST_CASE("whatever fails and whoever is killed a pipeline keeps its promises", "[domain][planner][simulation]") {
  const Seeds seeds = seeds_wanted();
  REQUIRE(seeds.first <= seeds.last);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const std::string wrong = simulate(seed);
    if (wrong.empty()) continue;
    FAIL("CARILLON_PIPELINE_SEEDS=" << seed << " " << wrong);
  }
}
