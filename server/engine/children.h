// The pipelines that an action's steps run, at any depth: looked at when it is saved. A pipeline that would run itself
// is refused where that can be seen; what two saves at once can still join to a circle is cut by the depth of runs.
//
// Inside a transaction. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "server/domain/action.h"
#include "server/domain/caller.h"
#include "server/store/store.h"

namespace carillon {

struct ChildrenWanted {
  const Action& action;
  const std::string& name;  // of the pipeline that is being saved; empty: it is none
  int depth_max;
};

// A pipeline below an action, as it is now.
struct KnownChild {
  std::string step;  // of the action, under which it is run
  Action action;
};

// Errors, at the step: unknown_name with the nearest names, conflict for a template, arguments_invalid for a circle,
// for what is too deep and for a `with` that does not fit the pipeline's inputs.
Result<std::vector<KnownChild>> find_children(Tx& tx, const TenantId& tenant, const ChildrenWanted& wanted);

// The living tasks and pipelines of which a step runs that pipeline, by name.
std::vector<std::string> who_runs_by_steps(Tx& tx, const TenantId& tenant, std::string_view pipeline);

}  // namespace carillon
