#include "transport/jwt.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "transport/base64.h"

using namespace carillon;
using namespace carillon::transport;

namespace {

// Keys made for this test alone.
constexpr const char* kEcPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiK2noudevIbQgTUh\n"
    "jIBnlaA3olJiebxmL2touK74/HKhRANCAATW3LRio9BhPDyoV3aL5cZ2Zl4i21Cf\n"
    "lkhxlU0nojDmMrbrRylvqoMr+eBHGygHkK2ovlePNUmFj+h/xs/GU8Az\n"
    "-----END PRIVATE KEY-----\n";

struct Parts {
  json header, claims;
  std::string signature;
};
Parts read(const std::string& jwt) {
  const auto first = jwt.find('.'), second = jwt.rfind('.');
  REQUIRE(first != std::string::npos);
  REQUIRE(second > first);
  return {json::parse(*from_base64url(jwt.substr(0, first))),
          json::parse(*from_base64url(jwt.substr(first + 1, second - first - 1))),
          *from_base64url(jwt.substr(second + 1))};
}

}  // namespace

TEST_CASE("a private key is read from its text and shows only its public half", "[transport][jwt]") {
  const auto key = SigningKey::from_pem(kEcPem);
  REQUIRE(key);
  CHECK(key->algorithm() == "ES256");
  CHECK(key->public_jwk() == json{{"kty", "EC"},
                                  {"crv", "P-256"},
                                  {"x", "1ty0YqPQYTw8qFd2i-XGdmZeIttQn5ZIcZVNJ6Iw5jI"},
                                  {"y", "tutHKW-qgyv54EcbKAeQrai-V481SYWP6H_Gz8ZTwDM"}});
  for (const char* bad : {"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})
    CHECK_FALSE(SigningKey::from_pem(bad));
}

TEST_CASE("an assertion names the client twice and the issuer as its audience", "[transport][jwt]") {
  const auto key = SigningKey::generate();
  const Instant now{std::chrono::seconds{1'000}};
  const auto parts = read(client_assertion("me", "https://issuer", key, now));
  CHECK(parts.header["alg"] == "ES256");
  CHECK(parts.signature.size() == 64);
  CHECK(parts.claims["iss"] == "me");
  CHECK(parts.claims["sub"] == "me");
  CHECK(parts.claims["aud"] == "https://issuer");
  CHECK(parts.claims["iat"] == 1'000);
  CHECK(parts.claims["exp"] > 1'000);
}

TEST_CASE("each proof of possession is another and holds what it must", "[transport][jwt]") {
  const auto key = SigningKey::generate();
  std::set<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.insert(read(dpop_proof({"POST", "https://h/mcp"}, key, {})).claims["jti"]);
  CHECK(ids.size() == 10);
  const auto parts = read(dpop_proof({"POST", "https://h/mcp", "abc", "nonce-1"}, key, {}));
  CHECK(parts.header["typ"] == "dpop+jwt");
  CHECK(parts.header["jwk"] == key.public_jwk());
  CHECK_FALSE(parts.header["jwk"].contains("d"));
  CHECK(parts.claims["htm"] == "POST");
  CHECK(parts.claims["htu"] == "https://h/mcp");
  CHECK(parts.claims["nonce"] == "nonce-1");
  CHECK(parts.claims["ath"] == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");  // SHA-256 of "abc"
  CHECK_FALSE(read(dpop_proof({"POST", "https://h/mcp"}, key, {})).claims.contains("ath"));
}
