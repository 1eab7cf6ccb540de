#include <catch2/catch.hpp>
#include <thread>

#include "server/base/mask.h"
#include "tests/transport/oauth_world.h"
#include "transport/oauth_grant.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

// What several processes share, and how each looks at it.
struct Kept {
  std::mutex mutex, turn;
  std::optional<std::string> text;
  int version = 1;
  std::function<void()> before_turn;  // what another process does just then; once
};

class Keeper final : public GrantKeeper {
 public:
  explicit Keeper(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}
  bool has_news() override {
    const std::lock_guard lock{kept_->mutex};
    return seen_ != kept_->version;
  }
  std::optional<OAuthGrant> give() override {
    const std::lock_guard lock{kept_->mutex};
    seen_ = kept_->version;
    return kept_->text ? read_grant(*kept_->text) : std::nullopt;
  }
  Status take(const OAuthGrant& grant) override { return put(write_grant(grant)); }
  Status forget() override { return put(std::nullopt); }
  Status alone(const std::function<Status()>& work) override {
    if (const auto meanwhile = std::exchange(kept_->before_turn, nullptr)) meanwhile();
    const std::lock_guard turn{kept_->turn};
    return work();
  }

 private:
  Status put(std::optional<std::string> text) {
    const std::lock_guard lock{kept_->mutex};
    kept_->text = std::move(text);
    seen_ = ++kept_->version;
    return Done{};
  }
  std::shared_ptr<Kept> kept_;
  int seen_ = 0;
};

class Home {
 public:
  World world;
  FixedClock clock{Instant{1'000'000s}};
  std::shared_ptr<Kept> kept = std::make_shared<Kept>();

  OAuthOptions options() {
    OAuthOptions options = world.options();
    options.keeper = std::make_shared<Keeper>(kept);
    options.advice = "run the command";
    return options;
  }
  // Nobody is there.
  std::unique_ptr<OAuthClient> daemon() {
    OAuthOptions alone = options();
    alone.visit = nullptr;
    alone.redirect_uri.clear();
    return std::make_unique<OAuthClient>(std::move(alone), clock);
  }
  void person_signs_in() { REQUIRE(OAuthClient(options(), clock).sign_in()); }
};

}  // namespace

TEST_CASE("a person signs in once and daemons go on with that", "[transport][oauth_keeping]") {
  Home home;
  const auto daemon = home.daemon();
  CHECK(authorization(*daemon) == "");
  const auto refused = daemon->answer(World::unauthorized(), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::needs_sign_in);
  CHECK(refused.error().message == "nobody has signed in; run the command");
  CHECK(daemon->facts().needed == refused.error().message);

  home.person_signs_in();
  CHECK(home.world.asked_scopes() == std::vector<std::string>{"asked"});  // what the server's challenge said
  CHECK(authorization(*daemon) == "Bearer t1");
  const auto facts = home.daemon()->facts();
  CHECK(facts.signed_in);
  CHECK(facts.renews_itself);
  CHECK(facts.needed.empty());
  CHECK(mask_secrets(std::string{"a t1 b"}) == "a t1 b");  // too short to be a secret
}

TEST_CASE("without a person neither the server nor the issuer is asked again and again", "[transport][oauth_keeping]") {
  Home home;
  const auto daemon = home.daemon();
  REQUIRE_FALSE(daemon->answer(World::unauthorized(), {}));
  CHECK(authorization(*daemon) == "refused: nobody has signed in; run the command");
  CHECK_FALSE(daemon->answer(World::unauthorized(), {}));
  CHECK(home.world.metadata_requests() == 0);
  home.clock.advance(6min);
  CHECK(authorization(*daemon) == "");  // the server may have changed its mind
}

TEST_CASE("a server that lets strangers in for some things is asked for those", "[transport][oauth_keeping]") {
  Home home;
  const auto daemon = home.daemon();
  daemon->let_in({});
  REQUIRE_FALSE(daemon->answer(World::unauthorized(), {}));
  CHECK(authorization(*daemon) == "");
  CHECK_FALSE(daemon->answer(World::unauthorized(), {}));
  CHECK(home.world.metadata_requests() == 0);
}

TEST_CASE("tokens are renewed before their end by one process for all", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  std::vector<std::unique_ptr<OAuthClient>> daemons;
  for (int i = 0; i < 4; ++i) daemons.push_back(home.daemon());
  home.clock.advance(3550s);
  std::vector<std::jthread> callers;
  std::vector<std::string> shown(20);
  for (std::size_t i = 0; i < shown.size(); ++i)
    callers.emplace_back([&, i] { shown[i] = authorization(*daemons[i % daemons.size()]); });
  callers.clear();
  CHECK(shown == std::vector<std::string>(20, "Bearer t2"));
  CHECK(home.world.count("refresh_token") == 1);
  // The refresh token is another now, and it is the one that is used next.
  home.clock.advance(3600s);
  CHECK(authorization(*daemons[1]) == "Bearer t3");
  CHECK(home.world.token_requests().back().at("refresh_token") == "r2");
}

TEST_CASE("an issuer that cannot be reached is no reason for a sign-in", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  home.world.token_status = GENERATE(503, 429);
  home.clock.advance(3550s);
  CHECK(authorization(*daemon) == "Bearer t1");  // it is still good
  home.clock.advance(60s);
  const auto over = daemon->headers("POST", "http://h/mcp");
  REQUIRE_FALSE(over);
  CHECK(over.error().code == ErrorCode::unavailable);
  home.world.token_status = 200;
  CHECK(authorization(*daemon) == "Bearer t2");
}

TEST_CASE("an issuer that takes its leave back is asked once", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  REQUIRE(authorization(*daemon) == "Bearer t1");
  home.world.refuses_renewal = true;
  const auto ended = daemon->answer(World::unauthorized(), {{"Authorization", "Bearer t1"}});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().message.find("has ended") != std::string::npos);
  CHECK(ended.error().message.find("invalid_grant") != std::string::npos);
  const auto asked = home.world.metadata_requests();
  for (const auto& other : {&daemon, &daemon}) {
    CHECK_FALSE((*other)->answer(World::unauthorized(), {{"Authorization", "Bearer t1"}}));
    CHECK_FALSE((*other)->headers("POST", "http://h/mcp"));
  }
  CHECK_FALSE(home.daemon()->facts().signed_in);  // other processes know it, too
  CHECK_FALSE(home.daemon()->facts().needed.empty());
  CHECK(home.world.metadata_requests() == asked);
  CHECK(home.world.count("refresh_token") == 1);

  home.world.refuses_renewal = false;
  home.person_signs_in();
  CHECK(authorization(*daemon) == "Bearer t2");
}

TEST_CASE("a renewal that the issuer refuses is not tried with every request", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  home.world.refuses_renewal = true;
  home.clock.advance(3550s);
  for (int i = 0; i < 3; ++i) CHECK(authorization(*daemon) == "Bearer t1");  // it is still good
  CHECK(home.world.count("refresh_token") == 1);
}

TEST_CASE("an issuer that gives no new refresh token with a renewal is asked with the old one",
          "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  home.world.keeps_refresh_token = true;
  for (const char* expected : {"Bearer t2", "Bearer t3"}) {
    home.clock.advance(3600s);
    CHECK(authorization(*daemon) == expected);
    CHECK(home.world.token_requests().back().at("refresh_token") == "r1");
  }
}

TEST_CASE("a sign-in that ends here just when a person signs in elsewhere does not end theirs",
          "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  REQUIRE(authorization(*daemon) == "Bearer t1");
  home.world.refuses_renewal = true;
  // The first turn is the renewal's, the next one is for noting that the sign-in has ended.
  home.kept->before_turn = [&] { home.kept->before_turn = [&] { home.person_signs_in(); }; };
  CHECK_FALSE(daemon->answer(World::unauthorized(), {{"Authorization", "Bearer t1"}}));
  CHECK(authorization(*daemon) == "Bearer t2");
  CHECK(authorization(*home.daemon()) == "Bearer t2");
}

TEST_CASE("tokens that are bound to a key go with that key to every process", "[transport][oauth_keeping]") {
  Home home;
  home.world.issuer_extra = {{"dpop_signing_alg_values_supported", {"ES256"}}};
  OAuthClient person{home.options(), home.clock};
  REQUIRE(person.sign_in());
  const auto key_of = [](OAuthClient& client) {
    const auto headers = *client.headers("POST", "http://h/mcp");
    return headers.at(1).second.substr(0, headers.at(1).second.find('.'));  // a proof's head holds the key
  };
  CHECK(key_of(*home.daemon()) == key_of(person));
}

TEST_CASE("what a process takes over from another is masked there too", "[transport][oauth_keeping]") {
  Home home;
  home.world.token_stem = "access-token-";
  home.world.refresh_stem = "refresh-token-";
  home.world.client_extra = {{"client_secret", "registered-secret"}};
  home.world.issuer_extra = {{"token_endpoint_auth_methods_supported", {"client_secret_basic"}}};
  home.person_signs_in();
  const auto daemon = home.daemon();
  REQUIRE(authorization(*daemon) == "Bearer access-token-1");
  for (const char* secret : {"access-token-1", "refresh-token-1", "registered-secret"})
    CHECK(mask_secrets(std::string{secret}) == "[masked]");
}

TEST_CASE("scope that nobody has agreed to is asked for at the next sign-in", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  const auto used = *daemon->headers("POST", "http://h/mcp");
  const HttpRefusal more{403, {"Bearer error=\"insufficient_scope\", scope=\"more\""}, ""};
  for (int i = 0; i < 3; ++i) {
    const auto refused = daemon->answer(more, used);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("\"more\"") != std::string::npos);
  }
  CHECK(authorization(*daemon) == "Bearer t1");  // what was agreed to goes on
  CHECK(daemon->facts().needed.find("more") != std::string::npos);
  home.person_signs_in();
  CHECK(home.world.asked_scopes().back() == "asked more");
  CHECK(daemon->facts().needed.empty());
}

TEST_CASE("a sign-in is shown neither to another server nor as another client", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  OAuthOptions other = home.options();
  if (GENERATE(true, false))
    other.server_url += "/elsewhere";
  else
    other.identity = ClientIdentity{"somebody else", "", std::nullopt};
  CHECK(authorization(*std::make_unique<OAuthClient>(other, home.clock)) == "");
}

TEST_CASE("who signs out gives the tokens back and everybody forgets them", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  const auto daemon = home.daemon();
  REQUIRE(authorization(*daemon) == "Bearer t1");
  CHECK(OAuthClient(home.options(), home.clock).sign_out());
  REQUIRE(home.world.revocations().size() == 1);
  CHECK(home.world.revocations()[0].at("token") == "r1");
  CHECK(authorization(*daemon) == "");
  CHECK_FALSE(home.kept->text);
}

TEST_CASE("who signs out is told when the issuer does not take the tokens back", "[transport][oauth_keeping]") {
  Home home;
  home.person_signs_in();
  home.world.revocation_status = 403;
  CHECK_FALSE(OAuthClient(home.options(), home.clock).sign_out());
  CHECK_FALSE(home.kept->text);
}

TEST_CASE("a machine that finds another one's tokens at its turn takes those", "[transport][oauth_keeping]") {
  Home home;
  OAuthOptions options = home.options();
  options.grant = Grant::client_credentials;
  options.identity = ClientIdentity{"machine", "", std::nullopt};
  options.visit = nullptr;
  OAuthOptions others = options;
  others.keeper = std::make_shared<Keeper>(home.kept);
  OAuthClient machine{options, home.clock}, other{others, home.clock};
  home.kept->before_turn = [&] { REQUIRE(other.answer(World::unauthorized("a"), {})); };
  REQUIRE(machine.answer(World::unauthorized("a"), {}));
  CHECK(authorization(machine) == "Bearer t1");
  CHECK(home.world.count("client_credentials") == 1);
}

TEST_CASE("a machine needs nobody and asks for as much as the server wants", "[transport][oauth_keeping]") {
  Home home;
  home.world.issuer_extra = {{"token_endpoint_auth_methods_supported", {"client_secret_basic"}}};
  OAuthOptions options = home.options();
  options.grant = Grant::client_credentials;
  options.identity = ClientIdentity{"machine", "machine-secret", std::nullopt};
  options.visit = nullptr;
  OAuthClient machine{options, home.clock};
  REQUIRE(machine.answer(World::unauthorized("a"), {}));
  CHECK(authorization(machine) == "Bearer t1");
  REQUIRE(
      machine.answer({403, {"Bearer error=\"insufficient_scope\", scope=\"b\""}, ""}, *machine.headers("POST", "h")));
  CHECK(home.world.token_requests().back().at("scope") == "a b");
  home.clock.advance(3600s);
  CHECK(authorization(machine) == "Bearer t3");
  CHECK(home.world.count("client_credentials") == 3);
  CHECK(mask_secrets(std::string{"machine-secret"}) == "[masked]");
}

TEST_CASE("a grant is the same after it was written and read", "[transport][oauth_keeping]") {
  const std::string key = SigningKey::generate().private_pem();
  // As it lies in people's vaults.
  const json kept = {{"server_url", "https://h/mcp"},
                     {"issuer",
                      {{"issuer", "https://i"},
                       {"authorization_endpoint", "https://i/authorize"},
                       {"token_endpoint", "https://i/token"},
                       {"registration_endpoint", "https://i/register"},
                       {"revocation_endpoint", "https://i/revoke"},
                       {"scopes", {"a", "b"}},
                       {"token_auth_methods", {"none"}},
                       {"pkce_methods", {"S256"}},
                       {"dpop_algorithms", {"ES256"}},
                       {"takes_metadata_documents", true},
                       {"names_itself", true}}},
                     {"identity", {{"client_id", "me"}, {"client_secret", "secret"}, {"auth", "client_secret_post"}}},
                     {"redirect_uri", "http://127.0.0.1:1/callback"},
                     {"tokens",
                      {{"access_token", "t"},
                       {"refresh_token", "r"},
                       {"scope", "a b"},
                       {"is_dpop", true},
                       {"given_at", 1},
                       {"expires_at", 2},
                       {"refresh_expires_at", 3}}},
                     {"resource", "https://h"},
                     {"scope", "a"},
                     {"scope_wanted", "b"},
                     {"proof_key", key}};
  const auto read = read_grant(kept.dump());
  REQUIRE(read);
  CHECK(json::parse(write_grant(*read)) == kept);
  CHECK(read->tokens.expires_at == Instant{2s});
  CHECK(read->identity.auth == TokenAuth::client_secret_post);
  CHECK(SigningKey::from_pem(read->proof_key));
}

TEST_CASE("a grant that another version wrote is read as far as it is understood", "[transport][oauth_keeping]") {
  const std::string issuer = R"("issuer":{"issuer":"https://i","token_endpoint":"https://i/token"})";
  const auto least = read_grant("{" + issuer + "}");
  REQUIRE(least);
  CHECK(least->tokens.access_token.empty());
  CHECK_FALSE(least->tokens.expires_at);
  CHECK_FALSE(least->identity.auth);
  for (
      const char* other :
      {R"("tokens":[1],"identity":"me","scope":{"a":1},"proof_key":null)",
       R"("tokens":{"access_token":7,"is_dpop":"yes","expires_at":"soon"},"identity":{"auth":"by magic","client_id":[]})",
       R"("tokens":{"given_at":1.5,"refresh_expires_at":true},"identity":{"auth":1},"new":{"in":"the next version"})"}) {
    const auto grant = read_grant("{" + issuer + "," + other + "}");
    REQUIRE(grant);
    CHECK(write_grant(*grant) == write_grant(*least));
  }
  CHECK(read_grant(R"({"issuer":{"issuer":"https://i","token_endpoint":"https://i/t","scopes":["a",1,"b"]}})")
            ->issuer.scopes == std::vector<std::string>{"a", "b"});
  for (const char* none :
       {"", "null", "[]", "{", "{}", R"({"issuer":7})", R"({"issuer":{"issuer":"x","token_endpoint":"y"}})"})
    CHECK_FALSE(read_grant(none));
}
