#include "server/cli/agent_tokens.h"

#include <stdexcept>

#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/base/metrics.h"
#include "server/cli/token.h"
#include "transport/sealed_state.h"
#include "transport/sha256.h"

namespace carillon::cli {
namespace {

constexpr std::string_view kPrefix = "carillon_";
constexpr std::size_t kIdBytes = 4, kTokenSecretBytes = 32;
constexpr std::size_t kTokenLength = kPrefix.size() + 2 * kIdBytes + 1 + 2 * kTokenSecretBytes;
constexpr auto kRememberedFor = std::chrono::seconds{1};
constexpr std::size_t kRememberedMax = 1000;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

void count(std::string_view verdict) { metrics::count("carillon_token_checks_total", {{"verdict", verdict}}); }

transport::Denied token_refused(std::string message) {
  count("refused");
  return no_token(std::move(message));
}

}  // namespace

AgentToken new_agent_token() {
  const std::string id = transport::to_hex(transport::random_bytes(kIdBytes));
  std::string text = std::string{kPrefix} + id + "_" + transport::to_hex(transport::random_bytes(kTokenSecretBytes));
  std::string hash = transport::sha256(text);
  return {id, std::move(text), std::move(hash)};
}

bool is_agent_token(std::string_view text) {
  if (text.size() != kTokenLength || !text.starts_with(kPrefix)) return false;
  const std::string_view rest = text.substr(kPrefix.size());
  return rest[2 * kIdBytes] == '_' && is_hex(rest.substr(0, 2 * kIdBytes)) && is_hex(rest.substr(2 * kIdBytes + 1));
}

std::optional<transport::Principal> AgentTokens::remembered(std::string_view token) {
  const auto now = std::chrono::steady_clock::now();
  return known_.with([&](auto& known) -> std::optional<transport::Principal> {
    const auto found = known.find(transport::sha256(token));
    if (found == known.end() || now - found->second.looked_at >= kRememberedFor) return std::nullopt;
    if (found->second.expires_at && clock_.now() >= *found->second.expires_at) return std::nullopt;
    count("remembered");
    return found->second.principal;
  });
}

transport::AuthVerdict AgentTokens::look_up(std::string_view token) {
  try {
    const auto found = engine_.find_token(transport::sha256(token));
    if (!found) return token_refused("nobody has this token; carillon token create makes one");
    if (found->revoked_at)
      return token_refused("the token " + found->id + " was revoked; carillon token create makes another");
    if (!found->counts_at(clock_.now()))
      return token_refused("the token " + found->id + " has expired; carillon token create makes another");
    count("looked_up");
    return remember(token, *found);
  } catch (const std::runtime_error& failure) {
    log::error("a token could not be looked up", {{"failure", failure.what()}});
    return transport::Denied{.status = 503,
                             .challenge = "",
                             .message = "who sends this cannot be looked up just now; repeat it in a moment"};
  }
}

transport::Principal AgentTokens::remember(std::string_view token, const Credential& credential) {
  const Remembered seen{.principal = {.tenant = credential.tenant.str(),
                                      .agent = credential.agent.str(),
                                      .scopes = credential.scopes.names(),
                                      .kind = std::string{name_of(credential.kind)}},
                        .expires_at = credential.expires_at,
                        .looked_at = std::chrono::steady_clock::now()};
  const bool is_new = known_.with([&](auto& known) {
    if (known.size() >= kRememberedMax) known.clear();
    return known.insert_or_assign(transport::sha256(token), seen).second;
  });
  if (is_new) register_secret(token);
  return seen.principal;
}

}  // namespace carillon::cli
