#include "transport/allowed_hosts.h"

#include <catch2/catch.hpp>

using namespace carillon::transport;

TEST_CASE("host patterns allow what they say", "[transport][allowed_hosts]") {
  const std::vector<std::string> hosts{"example.com", "*.internal.org", "box:8080", "[::1]:9"};
  for (const char* good : {"http://example.com/x", "https://EXAMPLE.com:8443", "http://a.internal.org",
                           "http://box:8080/", "http://[::1]:9/"})
    CHECK(allowed_address(good, hosts));
  for (const char* bad : {"http://example.com.evil.net", "http://internal.org", "http://xinternal.org", "http://box/",
                          "http://other", "ftp://example.com", "http://[::1]:8/"})
    CHECK_FALSE(allowed_address(bad, hosts));
  CHECK(may_be_private(*allowed_address("http://box:8080", hosts), hosts));
  CHECK_FALSE(may_be_private(*allowed_address("http://example.com", hosts), hosts));
}
