// Tokens of agents, as they are kept.
#include "server/store/credential_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

const AgentId kAgent{"claude"};
const std::string kHash(32, 'h');

// The owner's login, which alone may make somebody.
struct CredentialFixture : RepositoryFixture {
  static DatabaseUrls as_owner(DatabaseUrls urls) {
    urls.app = urls.owner;
    return urls;
  }
  Store owner{as_owner(database.urls()), PoolOptions{}};

  template <class Work>
  auto owned(Work work) {
    return owner.in_tx(kMine, [&](Tx& tx) { return work(CredentialStore{tx}); });
  }
  void add(const std::string& id, const std::string& hash, std::optional<Instant> expires_at = {}) {
    owned([&](CredentialStore credentials) {
      credentials.add_principal(kMine, kAgent, CallerKind::agent, kNow);
      credentials.add({.id = id,
                       .tenant = kMine,
                       .agent = kAgent,
                       .scopes = {Scope::read, Scope::run},
                       .created_at = kNow,
                       .expires_at = expires_at},
                      hash);
    });
  }
  std::optional<Credential> find(const std::string& hash) {
    return store.across_tenants([&](Tx& tx) { return CredentialStore{tx}.find(hash); });
  }
};

}  // namespace

TEST_CASE("a token is found by its hash with its holder and scopes and end", "[store][credential_store]") {
  CredentialFixture f;
  f.add("one", kHash, kNow + 1h);
  const auto found = f.find(kHash);
  REQUIRE(found.has_value());
  CHECK(found->id == "one");
  CHECK(found->tenant == kMine);
  CHECK(found->agent == kAgent);
  CHECK(found->kind == CallerKind::agent);
  CHECK(found->scopes == Scopes{Scope::read, Scope::run});
  CHECK(found->counts_at(kNow + 59min));
  CHECK_FALSE(found->counts_at(kNow + 1h));
  CHECK_FALSE(f.find(std::string(32, 'x')).has_value());
}

TEST_CASE("tokens are ended one by one or all of an agent and only once", "[store][credential_store]") {
  CredentialFixture f;
  f.add("one", std::string(32, '1'));
  f.add("two", std::string(32, '2'));
  f.add("three", std::string(32, '3'));
  using Ids = std::vector<std::string>;
  const auto revoke = [&](const std::optional<std::string>& id, Instant at) {
    return f.owned([&](CredentialStore credentials) { return credentials.revoke(kMine, kAgent, id, at); });
  };
  CHECK(revoke("one", kNow + 1h) == Ids{"one"});
  CHECK(revoke("one", kNow + 2h).empty());
  CHECK(f.find(std::string(32, '1'))->revoked_at == kNow + 1h);
  CHECK(f.find(std::string(32, '2'))->counts_at(kNow));
  CHECK(revoke(std::nullopt, kNow + 2h).size() == 2);
  CHECK_FALSE(f.find(std::string(32, '3'))->counts_at(kNow));
  CHECK(f.owned([](CredentialStore credentials) { return credentials.list(kMine, std::nullopt); }).size() == 3);
  CHECK(f.owned([](CredentialStore credentials) { return credentials.list(kMine, AgentId{"owner"}); }).empty());
  CHECK(f.owned([](CredentialStore credentials) { return credentials.list(kTheirs, std::nullopt); }).empty());
}

TEST_CASE("a name keeps its kind", "[store][credential_store]") {
  CredentialFixture f;
  const auto kind_of = [&](const char* name) {
    return f.owned([&](CredentialStore credentials) {
      credentials.add_principal(kMine, AgentId{name}, CallerKind::agent, kNow);
      return credentials.lock_principal(kMine, AgentId{name});
    });
  };
  CHECK(kind_of("owner") == CallerKind::person);
  CHECK(kind_of("claude") == CallerKind::agent);
  CHECK_FALSE(f.owned([](CredentialStore credentials) { return credentials.lock_principal(kMine, AgentId{"x"}); }));
}

TEST_CASE("a daemon's logins make nobody and end nobody's token", "[store][credential_store]") {
  CredentialFixture f;
  f.add("one", kHash);
  const auto as_caller = [&](auto work) { f.store.in_tx(kMine, [&](Tx& tx) { work(CredentialStore{tx}); }); };
  const auto as_dispatcher = [&](auto work) { f.store.across_tenants([&](Tx& tx) { work(CredentialStore{tx}); }); };
  const auto join = [](CredentialStore credentials) {
    credentials.add_principal(kMine, AgentId{"evil"}, CallerKind::person, kNow);
  };
  const auto add = [](CredentialStore credentials) {
    credentials.add({.id = "two", .tenant = kMine, .agent = kAgent, .scopes = Scopes::all(), .created_at = kNow},
                    std::string(32, 'e'));
  };
  const auto revoke = [](CredentialStore credentials) { credentials.revoke(kMine, kAgent, std::nullopt, kNow); };
  CHECK_THROWS(as_caller(join));
  CHECK_THROWS(as_dispatcher(join));
  CHECK_THROWS(as_caller(add));
  CHECK_THROWS(as_dispatcher(add));
  CHECK_THROWS(as_caller(revoke));
  CHECK_THROWS(as_dispatcher(revoke));
  CHECK(f.find(kHash)->counts_at(kNow));
}
