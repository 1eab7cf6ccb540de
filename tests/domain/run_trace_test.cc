// How a run names itself in a trace, and how it is known again.
#include "server/domain/run_trace.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("a run is known again by the trace that it gave its call", "[domain][run_trace]") {
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const RunId run{0x7fff'ffff'1234'5678};
  const std::string told = traceparent_of(run, trace);
  CHECK(told == "00-0af7651916cd43dd8448eb211c80319c-7fffffff12345678-01");
  CHECK(run_of_trace(told) == run);
  CHECK(traceparent_of(run, "no trace").empty());
}

TEST_CASE("what is no traceparent names no run", "[domain][run_trace]") {
  CHECK_FALSE(run_of_trace("00-0af7651916cd43dd8448eb211c80319c").has_value());
  // Spans of others that no run of ours can have.
  for (const char* span : {"0000000000000000", "ffffffffffffffff"})
    CHECK_FALSE(run_of_trace("00-0af7651916cd43dd8448eb211c80319c-" + std::string(span) + "-01").has_value());
}
