// Commands about those who call beside the owner: `carillon token`. Identities are made by a person at the command
// line, never by a model, so no tool offers these. The secret itself never comes here: whoever makes it gives its
// SHA-256. Values only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/caller.h"
#include "server/store/credential_store.h"

namespace carillon {

struct CreateToken {
  std::string id{};      // by which it is listed and revoked
  std::string sha256{};  // of the token, 32 bytes
  std::string agent{};   // who holds it; made with its first token
  Scopes scopes{};
  std::optional<Duration> lifetime{};  // none: until it is revoked
};

struct TokenCreated {
  std::optional<Instant> expires_at{};
  Instant at{};
};

// Exactly one of the two is given.
struct RevokeTokens {
  std::string id{};
  std::string agent{};  // all of its tokens
};

struct TokensRevoked {
  std::string agent{};
  std::vector<std::string> ids{};     // those that counted until now
  std::vector<std::string> paused{};  // tasks of an agent that has no token any more
  Instant at{};
};

}  // namespace carillon
