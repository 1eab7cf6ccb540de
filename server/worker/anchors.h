// Anchors: the tasks that due schedules stand ahead of, read as they are at this moment. Belongs to the scheduler's
// thread, as its connection does.
#pragma once

#include <vector>

#include "server/store/schedule_rows.h"
#include "server/worker/firing.h"

namespace carillon {

// Puts into the definitions what they need to know of other tasks; those that need nothing cost nothing. Where the
// anchor stands otherwise than before (a cue says so), only its slots to come count.
void put_anchors(ScheduleRows& rows, std::vector<FiringFacts>& facts);

// Has a cue told that an anchor stands otherwise now?
bool is_rederived(const FiringFacts& facts);

}  // namespace carillon
