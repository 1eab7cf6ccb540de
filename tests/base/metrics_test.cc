#include "server/base/metrics.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("a counter adds up per label set", "[base][metrics]") {
  metrics::count("test_total", {{"kind", "a"}});
  metrics::count("test_total", {{"kind", "a"}}, 2);
  metrics::count("test_total", {{"kind", "b"}}, 5);
  CHECK(metrics::value_of("test_total", {{"kind", "a"}}) == 3);
  CHECK(metrics::value_of("test_total", {{"kind", "b"}}) == 5);
  CHECK(metrics::value_of("test_total", {{"kind", "c"}}) == 0);
}

TEST_CASE("what is observed of a batch counts as each of it would", "[base][metrics]") {
  metrics::observe("test_batch_seconds", {}, std::vector<double>{0.001, 0.003, 1000});
  metrics::observe("test_batch_seconds", {}, std::vector<double>{});
  const auto families = metrics::snapshot();
  const auto family = std::find_if(families.begin(), families.end(),
                                   [](const metrics::Family& each) { return each.name == "test_batch_seconds"; });
  REQUIRE(family != families.end());
  const auto& series = family->series.front();
  CHECK(series.buckets[1] == 1);
  CHECK(series.buckets[3] == 1);
  CHECK(series.buckets.back() == 1);
  CHECK(series.sum == Approx(1000.004));
  CHECK(series.observations == 3);
}

TEST_CASE("series beyond the limit are counted as other", "[base][metrics]") {
  for (int i = 0; i < 300; ++i) metrics::count("test_bounded_total", {{"id", std::to_string(i)}});
  CHECK(metrics::value_of("test_bounded_total", {{"id", "other"}}) == 100);
}

TEST_CASE("a histogram puts each value under its bound", "[base][metrics]") {
  metrics::observe("test_wait_seconds", {}, 0.001);
  metrics::observe("test_wait_seconds", {}, 0.003);
  metrics::observe("test_wait_seconds", {}, 1000);
  const auto families = metrics::snapshot();
  const auto family = std::find_if(families.begin(), families.end(),
                                   [](const metrics::Family& each) { return each.name == "test_wait_seconds"; });
  REQUIRE(family != families.end());
  const auto& series = family->series.front();
  CHECK(series.buckets[1] == 1);
  CHECK(series.buckets[3] == 1);
  CHECK(series.buckets.back() == 1);
  CHECK(series.observations == 3);
}
