#include "server/engine/breaker_sharing.h"

#include <nlohmann/json.hpp>

#include "server/engine/correlation.h"
#include "server/store/breaker_store.h"
#include "server/store/journal.h"

namespace carillon {

std::vector<SharedBreaker> BreakerSharing::exchange(const std::vector<BreakerNews>& news) {
  const Instant at = parts_.clock.now();
  return parts_.store.across_tenants([&](Tx& tx) {
    BreakerStore breakers{tx};
    for (const auto& each : news)
      if (breakers.change(each.breaker, process_)) write(tx, each, at);
    return breakers.all();
  });
}

// Servers belong to the installation; its own tenant's audit tells of them.
void BreakerSharing::write(Tx& tx, const BreakerNews& news, Instant at) {
  const Caller us{TenantId{"default"}, AgentId{"carillon"}, Scopes::all(), own_correlation_id(parts_.ids, at), "",
                  CallerKind::service};
  const auto& [server, revision, standing] = news.breaker;
  for (const auto& change : news.changes) {
    const json facts{{"server", server},         {"from", name_of(change.from)},  {"event", name_of(change.event)},
                     {"to", name_of(change.to)}, {"requests", standing.requests}, {"failures", standing.failures},
                     {"process", process_}};
    Outbox{tx}.append(us, {"server.breaker_changed", "server:" + server, facts}, {.at = at});
    Audit{tx}.append(us,
                     {"change_breaker",
                      "server:" + server,
                      {{"state", name_of(change.from)}},
                      {{"state", name_of(change.to)},
                       {"event", name_of(change.event)},
                       {"requests", standing.requests},
                       {"failures", standing.failures},
                       {"process", process_}}},
                     {.at = at});
  }
}

}  // namespace carillon
