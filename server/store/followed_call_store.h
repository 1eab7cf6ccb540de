// FollowedCallStore: calls that their client follows by an id of their own, beyond the request that made them. The id
// is an alias of the run that answers the call; a call that was answered at once keeps its answer instead. Whoever asks
// by id must be the agent that made the call. Belongs to the transaction it was made with.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/store.h"

namespace carillon {

struct FollowedCallRecord {
  std::string id;
  std::string tool;
  std::optional<RunId> run{};
  json shape = json::object();  // what else the answer depends on, in the words of whoever answers
  json answer = nullptr;        // where there is no run
  Duration keep_for{};          // after the call was made, and after its run ended; at least a day
  Instant created_at{};
  std::optional<Instant> cancelled_at{};
};

// How a followed call stands, as short as can be compared.
struct FollowedCallState {
  TenantId tenant;
  std::string id;
  std::string state;  // of the run; queued also where it is nowhere any more
  bool stopping = false;
  bool cancelled = false;
  std::string progress{};  // a digest of what the run's call says about how far it is
  std::string asks{};      // the keys of its open questions
};

struct FollowedCallId {
  TenantId tenant;
  std::string id;
};

class FollowedCallStore {
 public:
  explicit FollowedCallStore(Tx& tx) : tx_(tx) {}

  void insert(const TenantId& tenant, const AgentId& agent, const FollowedCallRecord& call);
  std::optional<FollowedCallRecord> find(const TenantId& tenant, const AgentId& agent, const std::string& id);
  struct Page {
    std::optional<Instant> before{};  // with `id`: the last call of the page before
    std::string id{};
    int limit = 10;
  };
  // Newest first.
  std::vector<FollowedCallRecord> list(const TenantId& tenant, const AgentId& agent, const Page& page);
  // False: it was taken back before.
  bool cancel(const TenantId& tenant, const AgentId& agent, const std::string& id, Instant at);
  // Of all tenants, by ids that were handed out to their owners; unknown ones are left out.
  std::vector<FollowedCallState> states(const std::vector<FollowedCallId>& calls);

 private:
  Tx& tx_;
};

}  // namespace carillon
