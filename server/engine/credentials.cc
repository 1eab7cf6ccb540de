#include <algorithm>
#include <array>

#include "server/domain/nearest.h"
#include "server/domain/work.h"
#include "server/engine/engine.h"
#include "server/engine/pausing.h"

// Tokens of agents: who may call beside the owner, with which scopes, until when.

namespace carillon {

namespace {

constexpr std::size_t kShownMax = 128;
// What parts of ourselves, and machines that only tell us something, are called in audit rows.
constexpr auto kOurNames = std::to_array<std::string_view>({"carillon", "webhook"});

std::string subject_of(const AgentId& agent) { return "agent:" + agent.str(); }

Status check_name(const std::string& agent) {
  if (!is_agent_name(agent))
    return Error{ErrorCode::arguments_invalid, std::string{kAgentNameRule}, "/agent", agent.substr(0, kShownMax)};
  if (std::find(kOurNames.begin(), kOurNames.end(), agent) != kOurNames.end())
    return Error{ErrorCode::name_taken, "\"" + agent + "\" is a part of Carillon; give the agent another name",
                 "/agent", agent};
  return Done{};
}

Status check_command(const CreateToken& command) {
  if (auto fit = check_name(command.agent); !fit) return fit;
  if (command.scopes.empty())
    return Error{ErrorCode::arguments_invalid, "a token without scopes opens nothing; name at least one", "/scopes"};
  if (command.lifetime && *command.lifetime <= Duration{0})
    return Error{ErrorCode::arguments_invalid, "a token counts for some time, such as 90d, or without an end",
                 "/lifetime"};
  return Done{};
}

json audited(const Credential& token) {
  json row{{"token", token.id}, {"scopes", token.scopes.names()}};
  if (token.expires_at) row["expires_at"] = to_rfc3339(*token.expires_at);
  return row;
}

// Whose tokens are to be revoked. Errors: unknown_name.
Result<AgentId> holder_of(const std::vector<Credential>& tokens, const RevokeTokens& command) {
  std::vector<std::string> names;
  for (const auto& token : tokens) {
    if (command.id.empty() ? token.agent.str() == command.agent : token.id == command.id) return token.agent;
    names.push_back(command.id.empty() ? token.agent.str() : token.id);
  }
  const std::string& wanted = command.id.empty() ? command.agent : command.id;
  const auto close = nearest(wanted, names);
  Error error{ErrorCode::unknown_name,
              (command.id.empty() ? "no agent \"" : "there is no token \"") + wanted +
                  (command.id.empty() ? "\" has a token" : "\"") + did_you_mean(close),
              command.id.empty() ? "/agent" : "/token", wanted};
  error.details["nearest"] = close;
  return error;
}

// Whoever may do nothing any more has nothing done in its name.
std::vector<std::string> pause_tasks(const Pausing& pausing, const AgentId& agent) {
  const Caller& caller = pausing.call.caller;
  std::vector<std::string> paused;
  for (const TaskId id : TaskStore{pausing.tx}.active_ids_of(caller.tenant, agent)) {
    const auto task = TaskStore{pausing.tx}.lock(caller.tenant, {.id = id});
    if (!task || task->state != TaskState::active) continue;
    pause_task(pausing, *task, {"no token of " + agent.str() + " counts any more", caller.agent.str()});
    paused.push_back(task->name);
  }
  return paused;
}

}  // namespace

Result<TokenCreated> Engine::create_token(const Caller& caller, const CreateToken& command) {
  const CommandKey key;
  const Call call{caller, "create_token", key, parts_.clock.now()};
  if (auto fit = check_command(command); !fit) return fit.error();
  return run_keyless<TokenCreated>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<TokenCreated> {
        const AgentId agent{command.agent};
        CredentialStore credentials{tx};
        credentials.add_principal(caller.tenant, agent, CallerKind::agent, call.now);
        if (credentials.lock_principal(caller.tenant, agent) != CallerKind::agent)
          return Error{ErrorCode::name_taken,
                       "\"" + command.agent + "\" is a person; an agent has a name of its own, such as claude",
                       "/agent", command.agent};
        Credential token{.id = command.id,
                         .tenant = caller.tenant,
                         .agent = agent,
                         .scopes = command.scopes,
                         .created_at = call.now};
        if (command.lifetime) token.expires_at = call.now + *command.lifetime;
        credentials.add(token, command.sha256);
        telling.audit(subject_of(agent), nullptr, audited(token));
        return TokenCreated{token.expires_at, call.now};
      });
}

Result<TokensRevoked> Engine::revoke_tokens(const Caller& caller, const RevokeTokens& command) {
  const CommandKey key;
  const Call call{caller, "revoke_tokens", key, parts_.clock.now()};
  return run_keyless<TokensRevoked>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<TokensRevoked> {
        CredentialStore credentials{tx};
        const auto agent = holder_of(credentials.list(caller.tenant, std::nullopt), command);
        if (!agent) return agent.error();
        static_cast<void>(credentials.lock_principal(caller.tenant, *agent));
        TokensRevoked done{.agent = agent->str(), .at = call.now};
        done.ids = credentials.revoke(caller.tenant, *agent,
                                      command.id.empty() ? std::nullopt : std::optional{command.id}, call.now);
        if (done.ids.empty()) return done;
        telling.audit(subject_of(*agent), {{"tokens", done.ids}}, nullptr);
        const auto left = credentials.list(caller.tenant, *agent);
        if (std::none_of(left.begin(), left.end(), [&](const auto& token) { return token.counts_at(call.now); }))
          done.paused = pause_tasks({call, tx, telling, parts_.ids, options_.quiet}, *agent);
        return done;
      });
}

std::vector<Credential> Engine::list_tokens(const Caller& caller) {
  return parts_.store.in_tx(caller.tenant,
                            [&](Tx& tx) { return CredentialStore{tx}.list(caller.tenant, std::nullopt); });
}

std::optional<Credential> Engine::find_token(const std::string& sha256) {
  return parts_.store.across_tenants([&](Tx& tx) { return CredentialStore{tx}.find(sha256); });
}

}  // namespace carillon
