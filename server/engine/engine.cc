#include "server/engine/engine.h"

#include "server/domain/progress.h"
#include "server/engine/transaction.h"

namespace carillon {

std::string Engine::zone_of(const Caller& caller) const { return caller.zone.empty() ? options_.zone : caller.zone; }

Listeners Engine::listeners() { return {parts_.worker, watch_}; }

void Engine::check_watched_runs() {
  const std::vector<RunId> runs = watch_.watched();
  if (runs.empty()) return;
  std::vector<std::int64_t> ids;
  for (const RunId run : runs) ids.push_back(run.number());
  const auto [ended, news] = parts_.store.across_tenants([&](Tx& tx) {
    return std::pair{RunStore{tx}.ended_among(ids), QuestionStore{tx}.news(runs)};
  });
  for (const RunNews& one : news) {
    if (const auto progress = progress_of(one.progress)) watch_.progressed(one.run, *progress);
    if (one.asks) watch_.asks(one.run);
  }
  for (const RunId run : ended) watch_.finished(run);
}

}  // namespace carillon
