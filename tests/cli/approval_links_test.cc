#include "server/cli/approval_links.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace carillon::cli;

TEST_CASE("each link has a token of its own and only its hash is kept", "[cli][approval_links]") {
  const MadeLink one = new_approval_link("http://127.0.0.1:8930"), other = new_approval_link("http://127.0.0.1:8930");
  CHECK(one.url.starts_with("http://127.0.0.1:8930/approve/"));
  CHECK(one.url.size() >= std::string("http://127.0.0.1:8930/approve/").size() + 43);
  CHECK(one.url != other.url);
  CHECK(one.sha256.size() == 64);
  CHECK(one.url.find(one.sha256) == std::string::npos);
}

TEST_CASE("links lead where others reach the endpoint", "[cli][approval_links]") {
  CHECK(link_base("", "http://127.0.0.1:8930") == "http://127.0.0.1:8930");
  CHECK(link_base("https://carillon.example.com/", "http://127.0.0.1:8930") == "https://carillon.example.com");
  CHECK(link_base("", "").empty());
  CHECK(host_of_url("https://carillon.example.com:8443/x") == "carillon.example.com");
  CHECK(host_of_url("http://[::1]:80") == "[::1]");
  CHECK(host_of_url("").empty());
  CHECK(check_http_url("").ok());
  CHECK(check_http_url("https://carillon.example.com").ok());
  CHECK_FALSE(check_http_url("carillon.example.com").ok());
}

TEST_CASE("only targets that the configuration names get links", "[cli][approval_links]") {
  const std::vector<std::string> named{"desktop", "email:*@example.com", "webhook:https://example.com/hook"};
  CHECK(may_have_link("desktop", named));
  CHECK(may_have_link("email:anna@example.com", named));
  CHECK(may_have_link("webhook:https://example.com/hook", named));
  CHECK_FALSE(may_have_link("email:anna@evil-example.com", named));
  CHECK_FALSE(may_have_link("email:anna@example.com.evil", named));
  CHECK_FALSE(may_have_link("webhook:https://example.com/hook2", named));
  CHECK_FALSE(may_have_link("slack.send", named));
}
