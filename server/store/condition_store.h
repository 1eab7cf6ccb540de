// ConditionStore: where the looks of a task at a tool's result stand, for commands and questions. Looking itself is the
// worker's (look_rows.h). Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/store/store.h"

namespace carillon {

struct FirstLook {
  std::int16_t place;  // of the trigger in the schedule
  Instant at;
};

struct LookStanding {
  std::int16_t place;
  Instant next_look_at;
  std::int64_t looks;
  std::optional<Instant> looked_at;
  int failures;  // in a row
  std::string last_error;
};

class ConditionStore {
 public:
  explicit ConditionStore(Tx& tx) : tx_(tx) {}

  // Looks begin anew, and remember nothing of those before.
  void begin(const TenantId& tenant, TaskId task, const std::vector<FirstLook>& looks);
  std::vector<LookStanding> list(const TenantId& tenant, TaskId task);

 private:
  Tx& tx_;
};

}  // namespace carillon
