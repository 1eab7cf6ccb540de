#include "server/store/followed_call_store.h"

#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

FollowedCallRecord read_call(const pqxx::row& row) {
  FollowedCallRecord call{.id = column<std::string>(row["call_id"]),
                          .tool = column<std::string>(row["tool"]),
                          .run = column<std::optional<RunId>>(row["run_id"]),
                          .shape = json_of(column<Bytes>(row["shape"])),
                          .keep_for = column<Duration>(row["keep_micros"]),
                          .created_at = column<Instant>(row["created_at"]),
                          .cancelled_at = column<std::optional<Instant>>(row["cancelled_at"])};
  if (const auto answer = column<std::optional<Bytes>>(row["answer"])) call.answer = json_of(*answer);
  return call;
}

}  // namespace

void FollowedCallStore::insert(const TenantId& tenant, const AgentId& agent, const FollowedCallRecord& call) {
  std::optional<Bytes> answer;
  if (!call.answer.is_null()) answer = bytes_of(call.answer);
  tx_.exec(sql::insert_followed_call, tenant, call.id, agent, call.tool, call.run, bytes_of(call.shape), answer,
           call.keep_for, call.created_at);
}

std::optional<FollowedCallRecord> FollowedCallStore::find(const TenantId& tenant, const AgentId& agent,
                                                          const std::string& id) {
  const pqxx::result rows = tx_.exec(sql::find_followed_call, tenant, agent, id);
  if (rows.empty()) return std::nullopt;
  return read_call(rows[0]);
}

std::vector<FollowedCallRecord> FollowedCallStore::list(const TenantId& tenant, const AgentId& agent,
                                                        const Page& page) {
  std::vector<FollowedCallRecord> calls;
  for (const auto& row : tx_.exec(sql::list_followed_calls, tenant, agent, page.before, page.id, page.limit))
    calls.push_back(read_call(row));
  return calls;
}

bool FollowedCallStore::cancel(const TenantId& tenant, const AgentId& agent, const std::string& id, Instant at) {
  return !tx_.exec(sql::cancel_followed_call, tenant, agent, id, at).empty();
}

std::vector<FollowedCallState> FollowedCallStore::states(const std::vector<FollowedCallId>& calls) {
  std::vector<std::string> tenants, ids;
  for (const auto& call : calls) {
    tenants.push_back(call.tenant.str());
    ids.push_back(call.id);
  }
  std::vector<FollowedCallState> states;
  for (const auto& row : tx_.exec(sql::followed_call_states, tenants, ids))
    states.push_back({column<TenantId>(row["tenant_id"]), column<std::string>(row["call_id"]),
                      column<std::string>(row["state"]), column<bool>(row["stopping"]), column<bool>(row["cancelled"]),
                      column<std::string>(row["progress"]), column<std::string>(row["asks"])});
  return states;
}

}  // namespace carillon
