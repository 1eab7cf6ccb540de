// Slot questions: "which slots follow?" as a line of JSON in the frame of tests/corpora, and its answer; for scripts
// and for tests that compare us with others.
//
// {"rrule" | "cron" | "when": text, "tzid": zone (UTC), "dtstart"?, "exdate"?: [], "rdate"?: [], "after"?: UTC,
// exclusive, "limit": n (10), "gap"?, "overlap"?}; members that are not named here are passed over, so that a case of
// the corpora can be asked as it stands. Without `after` a rule begins at its start, everything else now. A `when` text
// is read as if it were said at `after`.
//
// Pure but for the zone database; thread-safe.
#pragma once

#include <string_view>

#include "server/base/clock.h"
#include "server/base/json.h"

namespace carillon {

// {"next": [ISO 8601 with offset ...], "complete": no further slot will come} or {"error": {"code", "message",
// "position"}}, where position counts bytes in the text of the schedule, or in the line when it is no JSON.
json answer_slot_question(std::string_view line, Instant now);

}  // namespace carillon
