// Confirmations: what a preview of a `when` showed, as a short text by which schedule_task saves exactly that.
//
// It holds the instant of the preview, from which relative texts and anchors are counted, and a hash each of the text,
// the zone and the next three slots, so that a difference can be named. It is a safeguard against slips and no secret.
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

struct Confirmation {
  Instant shown_at{};
  std::uint32_t when = 0, zone = 0, next = 0;
};

Confirmation confirmation_of(const Schedule& schedule, std::string_view when, Instant shown_at);
std::string to_text(const Confirmation& confirmation);
// Errors: arguments_invalid at /confirm, also when the preview is older than a day.
Result<Confirmation> read_confirmation(const std::string& text, Instant now);

// That the schedule is the one that was shown. Errors: conflict at /confirm with what differs; when_in_past when what
// was shown has passed.
Status check_confirmed(const Confirmation& confirmation, const Schedule& schedule, std::string_view when, Instant now);

}  // namespace carillon
