#include "server/domain/schedule/overlap.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("what a slot does while earlier runs are busy", "[domain][schedule][overlap]") {
  const auto [policy, running, queued, verdict] = GENERATE(table<Overlap, int, int, OverlapVerdict>({
      {Overlap::skip, 0, 0, OverlapVerdict::start},
      {Overlap::skip, 1, 0, OverlapVerdict::skip},
      {Overlap::skip, 0, 1, OverlapVerdict::skip},
      {Overlap::queue, 0, 0, OverlapVerdict::start},
      {Overlap::queue, 1, 0, OverlapVerdict::queue_behind},
      {Overlap::queue, 1, 1, OverlapVerdict::skip},
      {Overlap::queue_all, 1, 5, OverlapVerdict::queue_behind},
      {Overlap::cancel, 1, 0, OverlapVerdict::cancel_and_start},
      {Overlap::cancel, 0, 0, OverlapVerdict::start},
      {Overlap::allow, 7, 7, OverlapVerdict::start},
  }));
  CHECK(decide_overlap(policy, {running, queued}) == verdict);
}

TEST_CASE("names of overlap policies go both ways", "[domain][schedule][overlap]") {
  for (const auto overlap : {Overlap::skip, Overlap::queue, Overlap::queue_all, Overlap::cancel, Overlap::allow})
    CHECK(overlap_named(name_of(overlap)) == overlap);
  CHECK_FALSE(overlap_named("wait"));
}
