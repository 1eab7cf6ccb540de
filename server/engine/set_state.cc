#include "server/engine/engine.h"
#include "server/engine/state_changing.h"
#include "server/engine/transaction.h"

// set_state: one operation on a key of the shared state (docs/adr/0034-shared-state.md).

namespace carillon {

Result<StateChanged> Engine::set_state(const Caller& caller, const SetState& command) {
  if (auto fits = check_state_key(command.entry); !fits) return fits.error();
  const Call call{caller, "set_state", command.key, parts_.clock.now()};
  const std::string zone = zone_of(caller);
  return run_once<StateChanged>(parts_.store, listeners(), call, [&](Tx& tx, Telling&) -> Result<StateChanged> {
    const StateChanging where{caller,
                              command.entry,
                              call.command,
                              {call.key.client_generated_id, call.key.causation_id, call.now},
                              options_.restorable};
    const auto outcome = change_state(tx, where, command.change);
    if (!outcome) return told_locally(outcome.error(), zone, call.now);
    StateChanged answer = answer_of(where, command.change.op, *outcome);
    answer.zone = zone;
    return answer;
  });
}

}  // namespace carillon
