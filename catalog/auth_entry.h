// How we sign in to a remote server: the member `carillon.auth` of its entry, taken apart and checked.
//
// Without it a person signs in (`carillon login`), with whatever client the issuer lets us register. Secrets in it are
// references or values; what was read is registered with the mask. Values; reading is thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/references.h"
#include "server/base/json.h"

namespace carillon::catalog {

struct EntryProblem {
  std::string pointer;
  std::string message;
  bool operator==(const EntryProblem&) const = default;
};

enum class AuthGrant {
  authorization_code,  // a person agrees in a browser, once
  client_credentials,  // we are a client of our own, with a secret
  private_key_jwt,     // the same, with a key that signs
  jwt_bearer,          // somebody else vouches for us: a workload's platform, an enterprise's identity provider
};
inline constexpr std::array<std::string_view, 4> kAuthGrantNames{"authorization_code", "client_credentials",
                                                                 "private_key_jwt", "jwt_bearer"};

// An enterprise's identity provider, which exchanges a person's identity token for one that the issuer takes.
struct AuthIdentityProvider {
  std::string token_endpoint, client_id;
  std::string id_token;  // a reference, read anew for each exchange
  bool operator==(const AuthIdentityProvider&) const = default;
};

struct AuthEntry {
  AuthGrant grant = AuthGrant::authorization_code;
  std::string client_id;  // an https address: the document that describes us (CIMD)
  std::string client_secret;
  std::string private_key;                 // PEM
  std::string scopes;                      // separated by blanks; empty: as the server asks
  int redirect_port = 0;                   // of the loopback address that a browser comes back to; 0: any
  std::string assertion;                   // of jwt_bearer: a reference, read anew for each token
  AuthIdentityProvider identity_provider;  // of jwt_bearer, instead
  bool operator==(const AuthEntry&) const = default;
};

// Problems' pointers begin with `where`, the pointer of `value`.
AuthEntry read_auth(const ordered_json& value, const std::string& where, References& references,
                    std::vector<EntryProblem>& problems);

}  // namespace carillon::catalog
