// ChangeStore: whether something has changed since one looked last: marks of runs, tasks and keys of the shared state,
// and the events that tenants had. Cross-tenant, by ids that were handed out to those who may see them, and by keys
// with their tenant. Belongs to the transaction it was made with.
//
// A mark is a text that differs whenever the thing differs; nothing else may be read from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/state_entry.h"
#include "server/store/store.h"

namespace carillon {

struct RunMarked {
  RunId run;
  std::string mark;
  bool final = false;  // it will not change any more
};

struct TaskMarked {
  TenantId tenant;
  TaskId task;
  std::string mark;
};

struct StateWatched {
  TenantId tenant;
  StateKey key;
};

struct StateMarked {
  StateWatched what;
  std::string mark;
};

// What a tenant had among the events that were looked at.
struct TenantEvents {
  TenantId tenant;
  std::int64_t events = 0;
  std::int64_t made_or_taken = 0;  // tasks
};

struct EventsBehind {
  std::vector<TenantEvents> tenants;
  std::int64_t last = 0;   // the sequence of the last event that was looked at
  std::int64_t total = 0;  // how many were looked at
};

class ChangeStore {
 public:
  explicit ChangeStore(Tx& tx) : tx_(tx) {}

  // Of the runs that are live or have ended; a queued run has none.
  std::vector<RunMarked> marks(const std::vector<RunId>& runs);
  // In pairs: tenants[i] has tasks[i].
  std::vector<TaskMarked> marks(const std::vector<TenantId>& tenants, const std::vector<TaskId>& tasks);
  // Of those under which there is something at that time.
  std::vector<StateMarked> marks(const std::vector<StateWatched>& keys, Instant now);

  std::int64_t last_event();
  // At most `limit` events behind the one with this sequence.
  EventsBehind events_behind(std::int64_t sequence, int limit);

 private:
  Tx& tx_;
};

}  // namespace carillon
