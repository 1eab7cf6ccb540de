#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/transaction.h"

// What a run may not do by calling back: a model or a server that a run calls reads what anybody may have written.

namespace carillon {

Status Engine::refuse_to_runs(const Caller& caller, RunId run, const std::string& tool) {
  const CommandKey key;
  const Call call{caller, "refuse_to_run", key, parts_.clock.now()};
  std::string handle;
  const auto noted = run_keyless<Done>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<Done> {
    const auto found = RunStore{tx}.find(caller.tenant, run);
    if (!found || found->correlation_id != caller.correlation_id) return Done{};
    handle = handle_of(*found);
    telling.audit(subject_of(run), nullptr, {{"tool", tool}, {"refused", "runs may not create tasks"}});
    return Done{};
  });
  if (!noted) return noted.error();
  if (handle.empty()) return Done{};
  Error error{ErrorCode::not_allowed,
              "runs may not create tasks; this call comes from " + handle + ", as its trace says"};
  error.details["run"] = handle;
  return error;
}

}  // namespace carillon
