// ChildStore: which runs the steps of other runs have started. That a child has ended is written by the statement that
// ends it (migration 0027), which also wakes the parent. Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/step_key.h"
#include "server/store/store.h"

namespace carillon {

struct ChildRun {
  RunId run{0};
  std::string handle{};
  RunId parent{0};
  std::string path{};  // of the parent's step
  int attempt = 1;     // of that step
  RunId root{0};       // the run that nobody's step has started
  int depth = 1;       // how many parents are above it
  Instant finish_by = Instant::max();
  bool times_out = false;  // finish_by is the step's timeout, and no deadline of a run
  bool has_ended = false;
};

// How a step has ended whose child has.
struct ChildStepEnd {
  std::string state{};  // succeeded, failed, cancelled, unknown
  Instant at{};
  json output = nullptr;
  std::string error_class{}, message{};
};

class ChildStore {
 public:
  explicit ChildStore(Tx& tx) : tx_(tx) {}

  // Breaks on a second child of the same attempt of a step.
  void insert(const TenantId& tenant, const ChildRun& child);
  // Whose step has started the run.
  std::optional<ChildRun> find(const TenantId& tenant, RunId run);
  // The child of an attempt of a step; held until the transaction ends, so that it ends before or after.
  std::optional<ChildRun> hold(const TenantId& tenant, const StepKey& step);
  // Of the run's steps, those that have not ended.
  std::vector<ChildRun> open(const TenantId& tenant, RunId parent);
  // Of all runs below the root.
  std::int64_t count(const TenantId& tenant, RunId root);
  // False: the parent is somebody else's by now, or its step waits no more.
  bool end_step(const TenantId& tenant, const StepKey& step, const ChildStepEnd& end);
  // Of all tenants: children whose parents have ended without them, and whose end nobody has asked for.
  std::vector<std::pair<TenantId, RunId>> orphans(int limit);

 private:
  Tx& tx_;
};

}  // namespace carillon
