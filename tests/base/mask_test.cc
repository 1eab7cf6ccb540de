#include "server/base/mask.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace carillon {
namespace {

TEST_CASE("a registered secret is masked wherever it stands", "[base][mask]") {
  register_secret("s3cret-token");
  CHECK(mask_secrets(std::string{"Bearer s3cret-token and s3cret-token"}) == "Bearer [masked] and [masked]");
  CHECK(mask_secrets(json{{"a", {"s3cret-token", 1}}}) == json{{"a", {"[masked]", 1}}});
}

TEST_CASE("a secret is masked in its JSON escaped form too", "[base][mask]") {
  register_secret("quote\"inside");
  CHECK(mask_secrets(json("quote\"inside").dump()) == "\"[masked]\"");
}

TEST_CASE("a secret that contains another one is masked whole", "[base][mask]") {
  register_secret("abcdef");
  register_secret("abcdefghij");
  CHECK(mask_secrets(std::string{"abcdefghij"}) == "[masked]");
}

TEST_CASE("a secret is masked until its last registration is taken back", "[base][mask]") {
  register_secret("twice-registered");
  register_secret("twice-registered");
  forget_secret("twice-registered");
  CHECK(mask_secrets(std::string{"twice-registered"}) == "[masked]");
  forget_secret("twice-registered");
  forget_secret("twice-registered");
  CHECK(mask_secrets(std::string{"twice-registered"}) == "twice-registered");
}

TEST_CASE("short values are not treated as secrets", "[base][mask]") {
  register_secret("1");
  CHECK(mask_secrets(std::string{"12321"}) == "12321");
}

}  // namespace
}  // namespace carillon
