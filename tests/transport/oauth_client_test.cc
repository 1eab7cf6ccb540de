#include "transport/oauth_client.h"

#include <catch2/catch.hpp>

#include "server/base/mask.h"
#include "tests/transport/oauth_world.h"

using namespace carillon;
using namespace carillon::transport;

TEST_CASE("a refusal leads to a token and the token is renewed without a person", "[transport][oauth_client]") {
  World world;
  FixedClock clock{Instant{std::chrono::seconds{1'000'000}}};
  OAuthClient client{world.options(), clock};
  CHECK(authorization(client) == "");
  CHECK(client.answer(World::unauthorized("a"), {}));
  CHECK(authorization(client) == "Bearer t1");
  CHECK(world.asked_scopes() == std::vector<std::string>{"a"});
  CHECK(world.token_requests().at(0).at("client_id") == "me");

  // A late refusal of a request that went out before the token was there.
  CHECK(client.answer(World::unauthorized("a"), {}));
  CHECK(world.tokens_given() == 1);
  // The server takes the token no more; then its time is over.
  CHECK(client.answer(World::unauthorized("a"), {{"Authorization", "Bearer t1"}}));
  CHECK(authorization(client) == "Bearer t2");
  clock.advance(std::chrono::seconds{3590});
  CHECK(authorization(client) == "Bearer t3");
  CHECK(world.token_requests().at(2).at("grant_type") == "refresh_token");
  CHECK(world.asked_scopes().size() == 1);
}

TEST_CASE("more scope is asked for together with the old and never twice", "[transport][oauth_client]") {
  World world;
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  REQUIRE(client.answer(World::unauthorized("a"), {}));
  const HttpRefusal more{403, {"Bearer error=\"insufficient_scope\", scope=\"b\""}, ""};
  CHECK(client.answer(more, *client.headers("POST", "http://h/mcp")));
  CHECK(world.asked_scopes() == std::vector<std::string>{"a", "a b"});
  CHECK_FALSE(client.answer(more, *client.headers("POST", "http://h/mcp")));
  CHECK_FALSE(client.answer({403, {"Bearer"}, ""}, *client.headers("POST", "http://h/mcp")));
  CHECK(world.asked_scopes().size() == 2);
}

TEST_CASE("nobody may speak for another server or issuer", "[transport][oauth_client]") {
  World world;
  const int lie = GENERATE(0, 1, 2, 3, 4, 5, 6, 7);
  if (lie == 0) world.resource = "https://evil.example/mcp";
  if (lie == 1) world.issuer = world.iss = "https://evil.example";
  if (lie == 2) world.iss = "https://evil.example";
  if (lie == 3) world.issuer_extra = {{"code_challenge_methods_supported", {"plain"}}};
  if (lie == 4) world.issuer_extra = {{"authorization_endpoint", "file:///etc/passwd"}};
  if (lie == 5) world.issuer_extra = {{"token_endpoint", "gopher://x"}};
  if (lie == 6) world.state = "of another sign-in";
  if (lie == 7) world.issuer_extra = {{"authorization_response_iss_parameter_supported", true}};
  world.names_issuer = lie != 7;
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  CHECK_FALSE(client.answer(World::unauthorized(), {}));
  CHECK(world.token_requests().empty());
  CHECK(authorization(client) == "");
}

TEST_CASE("an issuer that does not promise to name itself need not", "[transport][oauth_client]") {
  World world;
  world.names_issuer = false;
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  CHECK(client.answer(World::unauthorized(), {}));
}

TEST_CASE("a server out in the open cannot send us into a private network and one inside can",
          "[transport][oauth_client]") {
  World world;
  const SystemClock clock;
  OAuthOptions options = world.options();
  options.fetch.reach = Reach::public_only;
  const std::string inside = origin_of(options.server_url) + "/.well-known/oauth-protected-resource/mcp";
  const HttpRefusal sent_there{401, {"Bearer resource_metadata=\"" + inside + "\""}, ""};
  CHECK(OAuthClient(options, clock).answer(sent_there, {}));
  const int asked = world.metadata_requests();
  options.server_url = "https://8.8.8.8/mcp";
  CHECK_FALSE(OAuthClient(options, clock).answer(sent_there, {}));
  CHECK(world.metadata_requests() == asked);
}

TEST_CASE("codes are masked and so is all that came of them", "[transport][oauth_client]") {
  World world;
  world.code = "code-of-a-person";
  world.token_stem = "access-token-";
  world.refresh_stem = "refresh-token-";
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  REQUIRE(client.answer(World::unauthorized(), {}));
  const auto verifier = world.token_requests().at(0).at("code_verifier");
  for (const std::string& secret :
       {world.code, verifier, std::string{"access-token-1"}, std::string{"refresh-token-1"}})
    CHECK(mask_secrets("a " + secret + " b") == "a [masked] b");
}

TEST_CASE("an issuer that can bind tokens to our key gets a proof and each request another",
          "[transport][oauth_client]") {
  World world;
  world.issuer_extra = {{"dpop_signing_alg_values_supported", {"ES256"}}};
  const SystemClock clock;
  OAuthClient client{world.options(), clock};
  REQUIRE(client.answer(World::unauthorized(), {}));
  const auto first = *client.headers("POST", "http://h/mcp"), second = *client.headers("POST", "http://h/mcp");
  REQUIRE(first.size() == 2);
  CHECK(first[0] == Header{"Authorization", "DPoP t1"});
  CHECK(first[1].first == "DPoP");
  CHECK(first[1] != second[1]);
  // A nonce of the server's is no reason to sign in again.
  CHECK(client.answer({401, {"DPoP error=\"use_dpop_nonce\""}, "n"}, first));
  CHECK(world.tokens_given() == 1);
}
