#include "server/store/database.h"

#include <catch2/catch.hpp>

#include "server/base/mask.h"
#include "server/store/connection_url.h"

using namespace carillon;

TEST_CASE("a given url is used for every role and its password is masked from then on", "[store][database]") {
  DatabaseOptions options;
  options.url = "postgresql://someone:p%40ssword-of-mine@localhost/app?connect_timeout=3";
  const auto database = Database::open(options);
  REQUIRE(database.ok());
  CHECK(database->kind() == DatabaseKind::external);
  CHECK(database->urls().owner == options.url);
  CHECK(database->urls().app == options.url);
  CHECK(database->urls().dispatch == options.url);
  CHECK_FALSE(database->reviver());
  CHECK(mask_secrets(std::string{"login with p@ssword-of-mine failed"}).find("p@ssword") == std::string::npos);
  CHECK(mask_secrets("tried " + options.url).find("ssword") == std::string::npos);
}

TEST_CASE("secrets are found in every form of a connection string", "[store][connection_url]") {
  CHECK(secrets_in("host=h password=plain-one user=u")[1] == "plain-one");
  CHECK(secrets_in("host=h password = 'quo\\'ted one' user=u")[1] == "quo'ted one");
  CHECK(secrets_in("postgres://h/db?user=u&password=in-query&x=y")[1] == "in-query");
  CHECK(secrets_in("postgres://u@h/db").size() == 1);
}

TEST_CASE("defaults give way to what the url says and overrides do not", "[store][connection_url]") {
  CHECK(with_defaults("postgres://h/db", {{"connect_timeout", "5"}}) == "postgres://h/db?connect_timeout=5");
  CHECK(with_defaults("postgres://h/db?connect_timeout=9", {{"connect_timeout", "5"}}) ==
        "postgres://h/db?connect_timeout=5&connect_timeout=9");
  CHECK(with_defaults("host=h connect_timeout=9", {{"connect_timeout", "5"}}) ==
        "connect_timeout='5' host=h connect_timeout=9");
  CHECK(with_overrides("host=h user=a", {{"user", "b'c"}}) == "host=h user=a user='b\\'c'");
  CHECK(with_overrides("postgres://a@h/db", {{"user", "b&c"}}) == "postgres://a@h/db?user=b%26c");
}
