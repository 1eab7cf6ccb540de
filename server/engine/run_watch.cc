#include "server/engine/run_watch.h"

namespace carillon {

RunWatch::Ticket RunWatch::watch(RunId run, RunListener listener) {
  auto shared = std::make_shared<const RunListener>(std::move(listener));
  return watches_.with([&](Watches& watches) {
    const Ticket ticket = watches.next++;
    watches.by_ticket.emplace(ticket, std::pair{run, std::move(shared)});
    watches.by_run.emplace(run, ticket);
    return ticket;
  });
}

void RunWatch::unwatch(Ticket ticket) {
  watches_.with([&](Watches& watches) {
    const auto found = watches.by_ticket.find(ticket);
    if (found == watches.by_ticket.end()) return;
    const auto [first, last] = watches.by_run.equal_range(found->second.first);
    for (auto it = first; it != last; ++it) {
      if (it->second != ticket) continue;
      watches.by_run.erase(it);
      break;
    }
    watches.by_ticket.erase(found);
  });
}

void RunWatch::finished(RunId run) {
  const Listening listeners = watches_.with([&](Watches& watches) {
    Listening taken;
    const auto [first, last] = watches.by_run.equal_range(run);
    for (auto it = first; it != last; ++it) {
      const auto found = watches.by_ticket.find(it->second);
      taken.push_back(std::move(found->second.second));
      watches.by_ticket.erase(found);
    }
    watches.by_run.erase(first, last);
    return taken;
  });
  for (const auto& listener : listeners) listener->ended();
}

void RunWatch::asks(RunId run) {
  for (const auto& listener : listening_to(run))
    if (listener->asks) listener->asks();
}

void RunWatch::progressed(RunId run, const ToolProgress& progress) {
  for (const auto& listener : listening_to(run))
    if (listener->progressed) listener->progressed(progress);
}

RunWatch::Listening RunWatch::listening_to(RunId run) const {
  return watches_.with([&](const Watches& watches) {
    Listening listening;
    const auto [first, last] = watches.by_run.equal_range(run);
    for (auto it = first; it != last; ++it) listening.push_back(watches.by_ticket.at(it->second).second);
    return listening;
  });
}

std::vector<RunId> RunWatch::watched() const {
  return watches_.with([](const Watches& watches) {
    std::vector<RunId> runs;
    for (auto it = watches.by_run.begin(); it != watches.by_run.end();
         it = watches.by_run.equal_range(it->first).second)
      runs.push_back(it->first);
    return runs;
  });
}

}  // namespace carillon
