// Signing in to remote servers: from an entry's `carillon.auth` to the OAuthClient that does it, whose grant is kept in
// the vault. All processes of one home share a server's grant, renew it one at a time, and see a sign-in, a renewal or
// a sign-out of another with their next request.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "catalog/secrets.h"
#include "catalog/server_entry.h"
#include "transport/oauth_client.h"

namespace carillon::catalog {

// The person at hand, for `carillon login`; where nobody is, both are empty.
struct SignInPerson {
  std::string redirect_uri{};
  std::function<Result<std::string>(const std::string& authorization_url)> visit{};
};

// Null where the entry's headers have to do, or where it is no remote server.
std::shared_ptr<transport::OAuthClient> make_sign_in(const ServerEntry& entry, const Vault& vault,
                                                     const SignInPerson& person);

// The command with which a person signs in.
std::string login_command(const std::string& server);

// "signed in with https://…, scope a b, renews itself", what a person must do, or nothing.
std::string describe(const transport::SignInFacts& facts);

}  // namespace carillon::catalog
