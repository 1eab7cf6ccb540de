#include "server/engine/engine.h"

#include "server/engine/transaction.h"

namespace carillon {

std::string Engine::zone_of(const Caller& caller) const { return caller.zone.empty() ? options_.zone : caller.zone; }

Listeners Engine::listeners() { return {parts_.worker, watch_}; }

void Engine::check_watched_runs() {
  std::vector<std::int64_t> ids;
  for (const RunId run : watch_.watched()) ids.push_back(run.number());
  if (ids.empty()) return;
  const auto ended = parts_.store.across_tenants([&](Tx& tx) { return RunStore{tx}.ended_among(ids); });
  for (const RunId run : ended) watch_.finished(run);
}

}  // namespace carillon
