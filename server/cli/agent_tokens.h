// AgentTokens: whom the tokens of agents stand for (`carillon token create`; docs/tokens.md).
//
// A token reads carillon_<its id>_<256 random bits>; the database keeps its SHA-256 alone. Whom it stands for is
// remembered for a second, so that most requests ask no database; so a token that was revoked is refused within a
// second, by every daemon, and a new one is known at once. A token that was good once is masked wherever it would show.
//
// Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "server/engine/engine.h"
#include "transport/http_handler.h"

namespace carillon::cli {

struct AgentToken {
  std::string id;
  std::string text;    // told once
  std::string sha256;  // of the text
};
AgentToken new_agent_token();

// Whether a text has the form of one.
bool is_agent_token(std::string_view text);

class AgentTokens {
 public:
  AgentTokens(Engine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

  // Never waits; nothing: look_up() knows.
  std::optional<transport::Principal> remembered(std::string_view token);
  // Asks the database. A principal, or why the token opens nothing.
  transport::AuthVerdict look_up(std::string_view token);

 private:
  struct Remembered {
    transport::Principal principal;
    std::optional<Instant> expires_at;
    Monotonic looked_at;
  };
  transport::Principal remember(std::string_view token, const Credential& credential);

  Engine& engine_;
  const Clock& clock_;
  Guarded<std::map<std::string, Remembered>> known_;  // by hash
};

}  // namespace carillon::cli
