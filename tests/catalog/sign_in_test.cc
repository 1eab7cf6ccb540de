#include "catalog/sign_in.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/base/mask.h"
#include "tests/catalog/catalog_fixture.h"
#include "tests/transport/oauth_world.h"

using namespace carillon;
using namespace carillon::catalog;
using transport::World;

namespace {

class Site {
 public:
  Site() {
    folder_ = std::filesystem::temp_directory_path() / ("carillon_sign_in_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~Site() { std::filesystem::remove_all(folder_); }

  World world;
  Vault vault() const { return Vault{(folder_ / "vault").string()}; }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream{folder_ / name} << text;
    return (folder_ / name).string();
  }
  ServerEntry entry(const ordered_json& auth = ordered_json()) {
    ordered_json entry{{"url", world.options().server_url}};
    if (!auth.is_null()) entry["carillon"]["auth"] = auth;
    const auto read = read_entries({{"mcpServers", {{"s", entry}}}}, vault());
    REQUIRE(read.problems.empty());
    return read.entries.at(0);
  }
  std::shared_ptr<transport::OAuthClient> daemon(const ServerEntry& entry) { return make_sign_in(entry, vault(), {}); }
  Status person(const ServerEntry& entry) {
    const auto options = world.options();
    return make_sign_in(entry, vault(), {options.redirect_uri, options.visit})->sign_in();
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("a sign-in lies encrypted in the vault and every process goes on with it", "[catalog][sign_in]") {
  Site site;
  const auto entry = site.entry();
  const auto daemon = site.daemon(entry);
  CHECK(transport::authorization(*daemon) == "");
  const auto refused = daemon->answer(World::unauthorized(), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "nobody has signed in; sign in with `carillon login s`");
  REQUIRE(site.person(entry));
  CHECK(transport::authorization(*daemon) == "Bearer t1");
  CHECK(describe(daemon->facts()).find("renews itself") != std::string::npos);
  CHECK(site.vault().names(Shelf::grants) == std::vector<std::string>{"s"});

  // Ten requests of four processes find that the token is over: the issuer hears of it once.
  std::vector<std::shared_ptr<transport::OAuthClient>> daemons;
  for (int i = 0; i < 4; ++i) daemons.push_back(site.daemon(entry));
  std::vector<std::jthread> requests;
  for (std::size_t i = 0; i < 10; ++i)
    requests.emplace_back([&, i] {
      auto& mine = *daemons[i % daemons.size()];
      (void)mine.headers("POST", "http://h/mcp");
      CHECK(mine.answer(World::unauthorized(), {{"Authorization", "Bearer t1"}}));
      CHECK(transport::authorization(mine) == "Bearer t2");
    });
  requests.clear();
  CHECK(site.world.count("refresh_token") == 1);

  REQUIRE(site.daemon(entry)->sign_out());
  CHECK(site.vault().names(Shelf::grants).empty());
  CHECK(transport::authorization(*daemon) == "");
}

TEST_CASE("each grant of an entry asks for its tokens in its own way", "[catalog][sign_in]") {
  Site site;
  struct Row {
    ordered_json auth;
    std::string grant_type, shows;
  };
  const auto key = transport::SigningKey::generate().private_pem();
  const std::string token_file = site.file("token", "assertion-one");
  const auto row = GENERATE_COPY(values<Row>({
      {{{"grant", "client_credentials"}, {"client_id", "m"}, {"client_secret", "machine-secret"}},
       "client_credentials",
       "scope"},
      {{{"grant", "private_key_jwt"}, {"client_id", "m"}, {"private_key", key}},
       "client_credentials",
       "client_assertion"},
      {{{"grant", "jwt_bearer"}, {"client_id", "m"}, {"assertion", "file:" + token_file}},
       "urn:ietf:params:oauth:grant-type:jwt-bearer",
       "assertion"},
  }));
  CAPTURE(row.auth.dump());
  const auto machine = site.daemon(site.entry(row.auth));
  if (row.auth["grant"] == "jwt_bearer") site.file("token", "assertion-two");  // replaced since the entry was read
  REQUIRE(machine->answer(World::unauthorized("a"), {}));
  CHECK(transport::authorization(*machine) == "Bearer t1");
  const auto sent = site.world.token_requests().at(0);
  CHECK(sent.at("grant_type") == row.grant_type);
  REQUIRE(sent.count(row.shows) == 1);
  if (row.shows == "assertion") CHECK(sent.at("assertion") == "assertion-two");
}

TEST_CASE("a program and a fixed header want no sign-in", "[catalog][sign_in]") {
  const Vault vault{""};
  const auto read = read_entries(
      ordered_json::parse(
          R"({"mcpServers":{"a":{"command":"x"},"b":{"url":"http://h/mcp","headers":{"Authorization":"Bearer fixed"}}}})"),
      vault);
  for (const auto& entry : read.entries) CHECK(make_sign_in(entry, vault, {}) == nullptr);
}
