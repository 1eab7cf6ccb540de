// Standing grants: a person approves what a task asks for a while, and the same again (the task, the words, the
// arguments) is approved at once, in that person's name. Inside a transaction; stateless.
#pragma once

#include "server/engine/approval_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

inline constexpr Duration kGrantMax = std::chrono::days{366};

// Of what was just agreed to. Errors: not_allowed at /always for who is no person or where none decides,
// arguments_invalid at /always for no time, or too long a one.
Status check_standing(const Caller& caller, const Approval& approval, Duration length);
void grant_standing(const Call& call, Tx& tx, Telling& telling, const Approval& approval, Duration length);

// Votes for what has just been asked, as those whose grants fit; where enough have, its step has ended with that.
void use_standing_grants(const Call& call, Tx& tx, Telling& telling, const Approval& approval);

}  // namespace carillon
