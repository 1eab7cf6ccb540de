// Subscribers: which tasks an event sets off. Patterns are few and short and come first, so that only tasks whose
// pattern fits are read; what stands behind `where` decides over the payload. Inside the transaction that tells the
// event; stateless.
#pragma once

#include <string>
#include <vector>

#include "server/domain/schedule/event_filter.h"
#include "server/domain/schedule/schedule.h"
#include "server/store/event_store.h"

namespace carillon {

// The patterns by which the schedule waits for events, each once.
std::vector<std::string> awaited_events(const Schedule& schedule);

bool waits_for_webhook(const Schedule& schedule);

struct Subscriber {
  PatternTask task;
  std::string problem{};  // why its `where` could not be evaluated; then it is not set off, and told so
};

// Those that the event sets off, and those of which nobody can say.
std::vector<Subscriber> subscribers_of(Tx& tx, const TenantId& tenant, const EventSeen& event);

// Those that wait for an event of that type, whatever it carries; for a pattern, those that wait by that very pattern.
// For webhook. and for nothing in particular those that have an address, too.
std::vector<PatternTask> waiting_for_type(Tx& tx, const TenantId& tenant, const std::string& type_or_pattern);

}  // namespace carillon
