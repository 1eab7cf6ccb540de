// Signed tokens (RFC 7515, 7519) for what a client signs itself: assertions by which it authenticates (RFC 7523) and
// proofs that it holds the key of its token (DPoP, RFC 9449). Keys are EC P-256 (ES256) or RSA (RS256).
//
// Immutable after construction; thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/json.h"

struct evp_pkey_st;

namespace carillon::transport {

class SigningKey {
 public:
  static SigningKey generate();  // EC P-256
  // PKCS #8 or the older forms; nothing if it is no private key of the two kinds.
  static std::optional<SigningKey> from_pem(std::string_view pem);

  // PKCS #8, for who keeps the key; from_pem reads it again.
  std::string private_pem() const;

  std::string_view algorithm() const { return algorithm_; }
  json public_jwk() const;
  std::string sign(std::string_view bytes) const;  // as JWS writes it

 private:
  using Handle = std::shared_ptr<evp_pkey_st>;
  SigningKey(Handle handle, std::string_view algorithm) : handle_(std::move(handle)), algorithm_(algorithm) {}

  Handle handle_;
  std::string_view algorithm_;
};

// Compact form. `alg` is added to the header.
std::string sign_jwt(json header, const json& claims, const SigningKey& key);

// What a DPoP proof is for. An empty token: a request to the token endpoint. An empty nonce: none was asked for.
struct DpopClaims {
  std::string method, url;  // without query and fragment
  std::string access_token{}, nonce{};
};
std::string dpop_proof(const DpopClaims& claims, const SigningKey& key, Instant now);

// The assertion that says "I am `client_id`" to `audience` (private_key_jwt).
std::string client_assertion(const std::string& client_id, const std::string& audience, const SigningKey& key,
                             Instant now);

}  // namespace carillon::transport
