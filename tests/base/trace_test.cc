#include "server/base/trace.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("a traceparent is taken apart", "[base][trace]") {
  const std::string told = "00-0af7651916cd43dd8448eb211c80319c-7fffffff12345678-01";
  const auto parent = read_traceparent(told);
  REQUIRE(parent);
  CHECK(parent->trace == "0af7651916cd43dd8448eb211c80319c");
  CHECK(parent->span == "7fffffff12345678");
  CHECK(read_traceparent("cc-0af7651916cd43dd8448eb211c80319c-7fffffff12345678-01-more").has_value());
  CHECK(correlation_of(told) == parent->trace);
}

TEST_CASE("what is no traceparent begins a trace of its own", "[base][trace]") {
  const std::string odd = GENERATE("", "00", "00-0af7651916cd43dd8448eb211c80319c-7fffffff1234567-01",
                                   "00-0af7651916cd43dd8448eb211c80319X-7fffffff12345678-01",
                                   "00-0af7651916cd43dd8448eb211c80319c-7fffffff12345 78-01",
                                   "00-0af7651916cd43dd8448eb211c80319c 7fffffff12345678-01",
                                   "00-00000000000000000000000000000000-7fffffff12345678-01");
  INFO(odd);
  CHECK_FALSE(read_traceparent(odd).has_value());
  CHECK(is_trace_id(correlation_of(odd)));
  CHECK(correlation_of(odd) != correlation_of(odd));
}
