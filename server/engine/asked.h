// What a run asks, as a caller may answer it: its call, or its steps. Inside a transaction; stateless.
#pragma once

#include <vector>

#include "server/domain/caller.h"
#include "server/store/question_store.h"
#include "server/store/run_store.h"

namespace carillon {

// Whoever may start runs may answer for them; whoever called a tool, for that call.
bool may_answer(const Caller& caller, const RunRecord& run);

// The open questions of a run that the caller may answer: of its call the oldest first, then what is to be approved.
std::vector<OpenQuestion> questions_for(Tx& tx, const Caller& caller, const RunRecord& run);

}  // namespace carillon
