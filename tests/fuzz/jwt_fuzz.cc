// A key file's text: a key that signs, or none.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "transport/jwt.h"

namespace carillon::fuzz {
namespace {

void jwt(std::string_view input) {
  const auto key = transport::SigningKey::from_pem(input);
  if (!key) return;
  const std::string token = transport::sign_jwt({{"typ", "JWT"}}, {{"iss", "me"}}, *key);
  CARILLON_CHECK(std::count(token.begin(), token.end(), '.') == 2);
  CARILLON_CHECK(key->public_jwk().contains("kty"));
}

const Target kJwtTarget{"jwt", jwt};

}  // namespace
}  // namespace carillon::fuzz
