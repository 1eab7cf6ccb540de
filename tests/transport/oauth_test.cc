#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "transport/oauth_documents.h"
#include "transport/oauth_text.h"

using namespace carillon;
using namespace carillon::transport;

TEST_CASE("challenges are read whatever stands around them", "[transport][oauth]") {
  const auto challenges = parse_challenges(
      R"(Basic realm="x, Bearer", Bearer error="insufficient_scope" , scope = "a \"b\"",resource_metadata=https, DPoP algs="ES256")");
  REQUIRE(challenges.size() == 3);
  CHECK(challenges[0].scheme == "basic");
  CHECK(challenges[0].params.at("realm") == "x, Bearer");
  CHECK(challenges[1].params.at("error") == "insufficient_scope");
  CHECK(challenges[1].params.at("scope") == "a \"b\"");
  CHECK(challenges[1].params.at("resource_metadata") == "https");
  CHECK(challenges[2].params.at("algs") == "ES256");
  CHECK(challenge_param(challenges, "algs") == "ES256");
  CHECK(challenge_param(challenges, "realm").empty());  // of another scheme
  for (const char* broken : {"", ",,,", "=", "\"", "Bearer", "Bearer x=", "Bearer x=\"", "Bearer x=\"\\"})
    CHECK(challenge_param(parse_challenges(broken), "x").empty());
}

TEST_CASE("the challenge of a verifier is the one of RFC 7636", "[transport][oauth]") {
  CHECK(pkce_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").challenge ==
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  const Pkce one = new_pkce(), other = new_pkce();
  CHECK(one.verifier != other.verifier);
  CHECK(one.verifier.size() >= 43);
}

TEST_CASE("metadata is looked for where the standards put it", "[transport][oauth]") {
  using Urls = std::vector<std::string>;
  CHECK(resource_metadata_urls("https://h:8/mcp?x=1") == Urls{"https://h:8/.well-known/oauth-protected-resource/mcp",
                                                              "https://h:8/.well-known/oauth-protected-resource"});
  CHECK(resource_metadata_urls("https://h/") == Urls{"https://h/.well-known/oauth-protected-resource"});
  CHECK(issuer_metadata_urls("https://h") ==
        Urls{"https://h/.well-known/oauth-authorization-server", "https://h/.well-known/openid-configuration"});
  CHECK(issuer_metadata_urls("https://h/tenant1") == Urls{"https://h/.well-known/oauth-authorization-server/tenant1",
                                                          "https://h/.well-known/openid-configuration/tenant1",
                                                          "https://h/tenant1/.well-known/openid-configuration"});
}

TEST_CASE("metadata speaks for servers below it and no others", "[transport][oauth]") {
  const std::string server = "https://h:8/mcp/a";
  for (const char* good : {"https://h:8/mcp/a", "https://h:8/mcp", "https://H:8", "https://h:8/", "https://h:8/mcp/a/"})
    CHECK(resource_covers(good, server));
  for (const char* bad : {"https://h:8/mc", "https://h:8/mcp/a/b", "http://h:8/mcp/a", "https://h/mcp/a",
                          "https://evil/", "", "mcp", "https://h:8/mcp#x"})
    CHECK_FALSE(resource_covers(bad, server));
}

TEST_CASE("form bodies and queries survive any text", "[transport][oauth]") {
  CHECK(form_encode({{"a", "b c&d=é"}, {"empty", ""}, {"e", "~"}}) == "a=b%20c%26d%3D%C3%A9&e=~");
  const auto params = query_params("http://localhost/cb?code=a%2Bb+c&iss=https%3A%2F%2Fh&x&code=2&bad=%zz%4#state=1");
  CHECK(params.at("code") == "a+b c");
  CHECK(params.at("iss") == "https://h");
  CHECK(params.at("x").empty());
  CHECK(params.at("bad") == "%zz%4");
  CHECK(params.count("state") == 0);
  CHECK(query_params("http://localhost/cb").empty());
}

TEST_CASE("scopes are sets in the order in which they came", "[transport][oauth]") {
  CHECK(scope_union("b a", "a  c b") == "b a c");
  CHECK(scope_union("", "").empty());
  CHECK(scope_includes("a b", "b a"));
  CHECK(scope_includes("a", ""));
  CHECK_FALSE(scope_includes("ab", "a"));
}

TEST_CASE("documents are read and nonsense is refused", "[transport][oauth]") {
  const auto resource = read_resource_metadata(
      R"({"resource":"https://h/mcp","authorization_servers":["https://a",7,"https://b"],"scopes_supported":["x","y"]})");
  REQUIRE(resource);
  CHECK(resource->issuers == std::vector<std::string>{"https://a", "https://b"});
  CHECK(resource->scopes == "x y");
  for (const char* bad :
       {"", "[]", "{", R"({"resource":"https://h"})", R"({"resource":7,"authorization_servers":["a"]})",
        R"({"resource":"x","authorization_servers":[]})"})
    CHECK_FALSE(read_resource_metadata(bad));
  CHECK(read_issuer_metadata(R"({"issuer":"https://a","token_endpoint":"https://a/token"})"));
  for (const char* bad : {"7", R"({"issuer":"https://a"})", R"({"token_endpoint":"https://a/t"})",
                          R"({"issuer":"https://a","token_endpoint":"javascript:alert"})"})
    CHECK_FALSE(read_issuer_metadata(bad));
  CHECK_FALSE(read_registration(R"({"client_id":7})"));
  CHECK(read_registration(R"({"client_id":"c","token_endpoint_auth_method":"none"})")->auth == TokenAuth::none);
}

TEST_CASE("tokens are of a known type and fit into a header", "[transport][oauth]") {
  const Instant now{};
  const auto tokens =
      read_tokens(R"({"access_token":"t","token_type":"BEARER","expires_in":60,"refresh_token":"r"})", now);
  REQUIRE(tokens);
  CHECK_FALSE(tokens->is_dpop);
  CHECK(tokens->expires_at == now + std::chrono::seconds{60});
  CHECK(tokens->refresh_token == "r");
  CHECK(read_tokens(R"({"access_token":"t","token_type":"DPoP"})", now)->is_dpop);
  for (const char* bad : {"", R"({"access_token":"t"})", R"({"access_token":"t","token_type":"mac"})",
                          R"({"access_token":"a\r\nX: y","token_type":"bearer"})", R"({"token_type":"bearer"})"})
    CHECK_FALSE(read_tokens(bad, now));
  CHECK(read_oauth_error("{\"error\":\"a\\nb\"}") == "a?b");
  CHECK(read_oauth_error("<html>").empty());
}

TEST_CASE("a client says who it is in a way that the issuer takes", "[transport][oauth]") {
  const auto chosen = [](std::vector<std::string> allowed, const char* secret, KeyAtHand key = KeyAtHand::no) {
    IssuerMetadata issuer;
    issuer.token_auth_methods = std::move(allowed);
    return choose_token_auth(issuer, {"id", secret}, key);
  };
  CHECK(chosen({}, "s") == TokenAuth::client_secret_basic);
  CHECK(chosen({}, "") == TokenAuth::none);
  CHECK(chosen({"client_secret_post"}, "s") == TokenAuth::client_secret_post);
  CHECK(chosen({"none"}, "s") == TokenAuth::none);
  CHECK(chosen({"private_key_jwt", "client_secret_basic"}, "s", KeyAtHand::yes) == TokenAuth::private_key_jwt);
  CHECK_FALSE(chosen({"client_secret_basic"}, ""));
  CHECK_FALSE(chosen({"private_key_jwt"}, "s"));
}
