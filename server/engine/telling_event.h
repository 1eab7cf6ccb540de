// Telling an event: writing it, and a cue for each task that it sets off, inside the command's transaction. Shared by
// publish_event and the webhooks. What it carries is masked (product promise 9) by whoever calls.
#pragma once

#include <optional>
#include <string>

#include "server/engine/event_commands.h"
#include "server/engine/subscribers.h"
#include "server/engine/transaction.h"

namespace carillon {

struct EventTold {
  NewEvent event;
  const json& payload;
  std::optional<RunId> told_by{};    // a run, as the trace says; believed when the trace is that run's
  std::optional<Webhook> webhook{};  // at whose address it came: its task is set off whatever it carries
};

// A duplicate (an event of that type with that key is there) changes nothing.
EventPublished tell_event(const Call& call, Tx& tx, Telling& telling, EventTold told);

// Errors: too_large at /payload.
Result<std::string> payload_text(const json& payload);

}  // namespace carillon
