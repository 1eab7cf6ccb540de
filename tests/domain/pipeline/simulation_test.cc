#include "tests/domain/pipeline/simulation.h"

#include <catch2/catch.hpp>
#include <cstdlib>

using carillon::pipeline::test::simulate;

// 10,000 seeds, a million with scripts/test --soak. CARILLON_PIPELINE_SEED=n plays one again.
TEST_CASE("whatever fails and whoever is killed a pipeline keeps its promises", "[domain][planner][simulation]") {
  if (const char* seed = std::getenv("CARILLON_PIPELINE_SEED")) {
    CHECK(simulate(std::strtoull(seed, nullptr, 10)) == "");
    return;
  }
  const char* soak = std::getenv("CARILLON_SOAK");
  const std::uint64_t count = soak != nullptr && *soak == '1' ? 1'000'000 : 10'000;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const std::string wrong = simulate(seed);
    if (wrong.empty()) continue;
    FAIL("CARILLON_PIPELINE_SEED=" << seed << " " << wrong);
  }
}
