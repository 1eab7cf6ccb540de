#include "server/domain/json_schema/uri.h"

#include <catch2/catch.hpp>

namespace carillon::json_schema {
namespace {

std::string resolved(const char* base, const char* reference) {
  return join_uri(resolve_uri(split_uri(base), split_uri(reference)));
}

TEST_CASE("references resolve as in the examples of RFC 3986", "[domain][json_schema][uri]") {
  const auto [reference, expected] = GENERATE(table<const char*, const char*>({
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/../h", "http://a/b/c/h"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
  }));
  CHECK(resolved("http://a/b/c/d;p?q", reference) == expected);
}

TEST_CASE("references resolve without a base and against a name", "[domain][json_schema][uri]") {
  CHECK(resolved("", "a.json#x") == "a.json#x");
  CHECK(resolved("urn:uuid:1", "#x") == "urn:uuid:1#x");
  CHECK(resolved("http://a", "b") == "http://a/b");
}

TEST_CASE("percent escapes are decoded or refused", "[domain][json_schema][uri]") {
  CHECK(percent_decoded("a%2Fb%25") == "a/b%");
  CHECK_FALSE(percent_decoded("%2"));
  CHECK_FALSE(percent_decoded("%zz"));
}

}  // namespace
}  // namespace carillon::json_schema
