// A decision on what a step asks to be approved, inside a transaction: the vote, where it is decided the end of the
// step's wait, the waking of its run and the audit row. Whoever decides (respond_to_run, a link) has looked before
// whether the caller may. Holds no state.
#pragma once

#include <string>
#include <string_view>

#include "server/domain/approval.h"
#include "server/engine/approval_commands.h"
#include "server/engine/transaction.h"

namespace carillon {

struct Deciding {
  const Call& call;
  Tx& tx;
  Telling& telling;
  const RunRecord& run;
  bool approves = false;
  std::string comment{};
  std::string_view way;  // for the audit: respond_to_run, link, form
};

// `approval` is held. Errors: run_not_waiting.
Result<RunResponded> decide(const Deciding& in, const Approval& approval);

}  // namespace carillon
