#include "server/engine/state_changing.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/base/mask.h"
#include "server/domain/nearest.h"
#include "server/domain/schedule/schedule.h"
#include "server/store/state_store.h"

namespace carillon {

namespace {

constexpr int kNearestLookedAt = 1'000;

json facts_of(const StateEntry& entry) {
  json facts{{"version", entry.version()}};
  if (entry.value) facts["bytes"] = entry.value->text.size();
  if (entry.value && entry.value->expires_at) facts["expires_at"] = to_rfc3339(*entry.value->expires_at);
  if (!entry.lease) return facts;
  facts["holder"] = entry.lease->holder;
  facts["fencing"] = entry.lease->fencing;
  facts["until"] = to_rfc3339(entry.lease->until);
  return facts;
}

void tell(Tx& tx, const StateChanging& where, std::string_view op, const StateOutcome& outcome) {
  const std::string subject = "state:" + where.key.space + "/" + where.key.key;
  const StateEntry left = outcome.after.at(where.why.at);
  const json told{{"namespace", where.key.space},
                  {"key", where.key.key},
                  {"op", op},
                  {"version", left.version()},
                  {"by", where.caller.agent.str()}};
  Outbox{tx}.append(where.caller, {"state.changed", subject, mask_secrets(told)}, where.why);
  json after = facts_of(left);
  after["op"] = op;
  Audit{tx}.append(where.caller, {where.command, subject, facts_of(outcome.before), std::move(after)}, where.why);
}

void keep(StateStore state, const StateChanging& where, const StateValue& replaced) {
  const Instant until = where.why.at + where.keep_replaced;
  state.keep(where.caller.tenant, where.key, replaced, std::min(until, replaced.expires_at.value_or(until)));
}

}  // namespace

Result<StateOutcome> change_state(Tx& tx, const StateChanging& where, StateChange change) {
  bool masked = false;
  if (change.value) {
    json told = mask_secrets(*change.value);
    masked = told != *change.value;
    change.value = std::move(told);
  }
  StateStore state{tx};
  const StateEntry entry = state.lock(where.caller.tenant, where.key);
  auto next = changed(entry, change, {where.caller.agent.str(), where.why.at});
  if (!next) return next.error();
  const StateOutcome outcome{entry.at(where.why.at), std::move(*next), masked};
  // The other operations lose nothing of what was there.
  if (change.op == StateOp::set && outcome.before.value) keep(state, where, *outcome.before.value);
  state.save(where.caller.tenant, where.key, outcome.after);
  tell(tx, where, name_of(change.op), outcome);
  return outcome;
}

StateChanged answer_of(const StateChanging& where, StateOp op, const StateOutcome& outcome) {
  const auto& [last_number, value, lease] = outcome.after;
  StateChanged answer{.space = where.key.space,
                      .key = where.key.key,
                      .op = std::string(name_of(op)),
                      .version = outcome.after.at(where.why.at).version()};
  if (op == StateOp::acquire || op == StateOp::release) {
    answer.until = lease->until;
    if (op == StateOp::acquire) answer.fencing = lease->fencing;
  } else {
    answer.expires_at = value->expires_at;
    if (op == StateOp::increment) answer.value = json::parse(value->text);
    if (op == StateOp::append) answer.length = static_cast<std::int64_t>(json::parse(value->text).size());
  }
  if (outcome.masked)
    answer.warnings.emplace_back("the value held a secret that Carillon knows; it was kept as [masked]");
  answer.at = where.why.at;
  return answer;
}

Result<StateOutcome> delete_state(Tx& tx, const StateChanging& where, EarlierValues earlier) {
  const TenantId& tenant = where.caller.tenant;
  StateStore state{tx};
  const StateEntry entry = state.lock(tenant, where.key);
  StateOutcome outcome{entry.at(where.why.at), entry};
  if (outcome.before.lease) return held_by(*outcome.before.lease);
  const auto forgotten = earlier == EarlierValues::forget ? state.forget_versions(tenant, where.key) : 0;
  if (!outcome.before.value && forgotten == 0) {
    Error error{ErrorCode::unknown_name, "there is no such key in the namespace " + where.key.space, "/key",
                where.key.key};
    error.details["nearest"] = near_state_keys(tx, tenant, where.key, where.why.at);
    return error;
  }
  if (outcome.before.value && earlier == EarlierValues::keep) keep(state, where, *outcome.before.value);
  outcome.after.value.reset();
  state.save(tenant, where.key, outcome.after);
  tell(tx, where, "delete", outcome);
  return outcome;
}

std::vector<std::string> near_state_keys(Tx& tx, const TenantId& tenant, const StateKey& key, Instant now) {
  std::vector<std::string> keys;
  for (StateRecord& each : StateStore{tx}.list(tenant, {.space = key.space, .now = now, .limit = kNearestLookedAt}))
    keys.push_back(std::move(each.key));
  return nearest(key.key, keys);
}

Error told_locally(Error error, const std::string& zone, Instant now) {
  if (!error.details.contains("until")) return error;
  const auto until = parse_rfc3339(error.details["until"].get_ref<const std::string&>());
  CARILLON_CHECK(until.has_value());
  error.details["until"] = describe_local(*until, zone) + ", " + describe_distance(*until, now);
  return error;
}

}  // namespace carillon
