// One operation on the shared state inside a transaction: of a command, or of a step of a run together with its journal
// row. With the change go its event state.changed and its audit row; both say what happened to the key, never what it
// holds. The key stays locked until the transaction ends, so that others who change it wait.
#pragma once

#include <string_view>

#include "server/domain/caller.h"
#include "server/domain/state_entry.h"
#include "server/engine/state_commands.h"
#include "server/store/journal.h"
#include "server/store/store.h"

namespace carillon {

struct StateChanging {
  const Caller& caller;         // its agent is who changed the value, and who holds the lease
  const StateKey& key;          // checked (check_state_key)
  std::string_view command;     // as the audit names it: set_state, delete_item
  Provenance why{};             // and when, which decides what is over
  Duration keep_replaced = {};  // how long a value can be read that `set` or a deletion took away
};

struct StateOutcome {
  StateEntry before{};  // what was there, without what was over
  StateEntry after{};
  bool masked = false;  // the value held a secret that Carillon knows, and was kept without it
};

// Errors: those of changed() (domain/state_entry.h); then nothing was written.
Result<StateOutcome> change_state(Tx& tx, const StateChanging& where, StateChange change);
// What such an operation answers.
StateChanged answer_of(const StateChanging& where, StateOp op, const StateOutcome& outcome);

enum class EarlierValues { keep, forget };  // the values that the key had before
// Takes the value away. Errors: unknown_name at /key, with the nearest keys, when there is nothing to take away;
// conflict at /key while a lease is in force.
Result<StateOutcome> delete_state(Tx& tx, const StateChanging& where, EarlierValues earlier);

// Keys of the namespace that read like this one.
std::vector<std::string> near_state_keys(Tx& tx, const TenantId& tenant, const StateKey& key, Instant now);

// The times in a refusal as people of that zone read them.
Error told_locally(Error error, const std::string& zone, Instant now);

}  // namespace carillon
