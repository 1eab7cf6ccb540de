// The days of named calendars, put into the definitions that name them.
//
// A task carries a copy of its calendars' days (docs/adr/0024-calendars-are-copied-into-definitions.md), so what comes
// next stays a question to the definition alone. Saving a calendar gives every task that uses it a new version and a
// new next slot in the same transaction. Runs inside a transaction.
#pragma once

#include "server/base/result.h"
#include "server/engine/transaction.h"

namespace carillon {

// What options.calendars names goes into the schedule, and stays as it is until the end of the transaction. Errors:
// unknown_name with the nearest names, never_fires when they leave no slot to a schedule that is another than `before`.
Status resolve_calendars(Tx& tx, const Call& call, TaskDefinition& definition, const Schedule* before = nullptr);

}  // namespace carillon
