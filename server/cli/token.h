// Bearer tokens of HTTP requests. That of the installation is made by the first start and kept in a file of mode 0600;
// its holder is the owner: a person, tenant `default`, agent `owner`, all scopes. Those of agents: agent_tokens.h.
//
// Thread-safe.
#pragma once

#include <filesystem>
#include <string>

#include "server/cli/agent_tokens.h"
#include "transport/http_handler.h"

namespace carillon::cli {

// Whom the token of the installation and the local socket stand for: the owner, a person.
transport::Principal owner_principal();
// The same name where a host speaks: what is said there is said by a model, whoever started it (ADR 0035).
transport::Principal host_principal();

// The refusal of a token that opens nothing.
transport::Denied no_token(std::string message);

// Reads the token, or makes it (256 random bits, hexadecimal). Registered with the mask. Throws std::system_error when
// the file can be neither read nor made, and refuses a file that others may read.
std::string read_or_make_token(const std::filesystem::path& file);

enum class TokenUse { required, not_asked };  // not_asked: --insecure-loopback

class TokenAuthenticator final : public transport::Authenticator {
 public:
  TokenAuthenticator(std::string token, TokenUse use, AgentTokens& agents)
      : token_(std::move(token)), use_(use), agents_(agents) {}
  transport::AuthVerdict authenticate(const transport::HttpRequest& request) override;
  transport::AuthVerdict look_up(const transport::HttpRequest& request) override;

 private:
  const std::string token_;
  const TokenUse use_;
  AgentTokens& agents_;
};

}  // namespace carillon::cli
