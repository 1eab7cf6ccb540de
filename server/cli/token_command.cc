// `carillon token create | list | revoke`: agents that call over HTTP under their own name. The token goes to stdout,
// once, and what is to be said about it to stderr, so that a script can keep it.
#include <cstdio>

#include "server/cli/agent_tokens.h"
#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/local_engine.h"
#include "server/domain/duration_text.h"
#include "server/domain/nearest.h"

namespace carillon::cli {
namespace {

constexpr const char* kUsage =
    "write: carillon token create --agent NAME --scopes LIST [--expires D] | list | revoke ID | revoke --agent NAME";

std::string comma_joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

// "read,schedule"
Result<Scopes> read_scopes(std::string_view list) {
  Scopes scopes;
  while (!list.empty()) {
    const std::size_t end = list.find_first_of(", ");
    const std::string_view name = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    if (name.empty()) continue;
    const auto scope = scope_named(name);
    if (!scope)
      return Error{ErrorCode::arguments_invalid, "there is no scope \"" + std::string{name} + "\"" +
                                                     did_you_mean(nearest(name, kScopeNames)) + "; there are " +
                                                     comma_joined(Scopes::all().names())};
    scopes.add(*scope);
  }
  return scopes;
}

int create(LocalEngine& local, const Parsed& parsed) {
  const auto scopes = read_scopes(parsed.value("scopes", ""));
  if (!scopes) return refused(scopes.error());
  const AgentToken token = new_agent_token();
  CreateToken command{.id = token.id, .sha256 = token.sha256, .agent = parsed.value("agent", ""), .scopes = *scopes};
  if (parsed.has("expires")) {
    const auto lifetime = read_duration(parsed.value("expires", ""), "/expires");
    if (!lifetime) return refused(lifetime.error());
    command.lifetime = *lifetime;
  }
  const auto made = local.engine().create_token(local.owner(), command);
  if (!made) return refused(made.error());
  std::fprintf(
      stderr, "token %s of %s for %s, %s%s. It is shown only now; its holder sends it as Authorization: Bearer.\n",
      token.id.c_str(), command.agent.c_str(), comma_joined(scopes->names()).c_str(),
      made->expires_at ? "until " : "without an end", made->expires_at ? to_rfc3339(*made->expires_at).c_str() : "");
  std::printf("%s\n", token.text.c_str());
  return kExitOk;
}

std::string standing_of(const Credential& token, Instant now) {
  if (token.revoked_at) return "revoked " + to_rfc3339(*token.revoked_at);
  if (!token.expires_at) return "counts";
  return (token.counts_at(now) ? "counts until " : "expired ") + to_rfc3339(*token.expires_at);
}

int list_tokens(LocalEngine& local) {
  const Instant now = SystemClock{}.now();
  for (const auto& token : local.engine().list_tokens(local.owner()))
    std::printf("%s  %-24s %-40s made %s, %s\n", token.id.c_str(), token.agent.str().c_str(),
                comma_joined(token.scopes.names()).c_str(), to_rfc3339(token.created_at).c_str(),
                standing_of(token, now).c_str());
  return kExitOk;
}

int revoke(LocalEngine& local, const Parsed& parsed) {
  RevokeTokens command;
  (parsed.has("agent") ? command.agent : command.id) = parsed.has("agent") ? parsed.value("agent", "") : parsed.rest[1];
  const auto done = local.engine().revoke_tokens(local.owner(), command);
  if (!done) return refused(done.error());
  if (done->ids.empty()) std::printf("nothing to do: revoked before\n");
  for (const auto& id : done->ids) std::printf("%s of %s revoked\n", id.c_str(), done->agent.c_str());
  for (const auto& task : done->paused)
    std::printf("  paused, because %s has no token any more: %s\n", done->agent.c_str(), task.c_str());
  return kExitOk;
}

bool says_token_command(const Parsed& parsed) {
  const std::string what = parsed.rest.empty() ? "" : parsed.rest[0];
  const bool of_agent = parsed.has("agent");
  if (what == "create") return parsed.rest.size() == 1 && of_agent && parsed.has("scopes");
  if (parsed.has("scopes") || parsed.has("expires")) return false;
  if (what == "list") return parsed.rest.size() == 1 && !of_agent;
  return what == "revoke" && parsed.rest.size() == (of_agent ? 1U : 2U);
}

}  // namespace

int run_token(const Words& words) {
  const auto parsed = parse_words(
      words, {.command = "token",
              .flags = {},
              .own = {{"agent", "the name that its calls, tasks and runs carry", "NAME"},
                      {"scopes", "what it may do: " + comma_joined(Scopes::all().names()), "LIST"},
                      {"expires", "how long the token counts (90d, 12h); without: until it is revoked", "DURATION"}}});
  if (!parsed) return kExitUsage;
  if (!says_token_command(*parsed)) return usage_error(kUsage);
  auto local = LocalEngine::open(parsed->config, LocalEngine::Login::owner);
  if (!local.ok()) return refused(local.error());
  const std::string& what = parsed->rest[0];
  if (what == "create") return create(**local, *parsed);
  return what == "list" ? list_tokens(**local) : revoke(**local, *parsed);
}

}  // namespace carillon::cli
