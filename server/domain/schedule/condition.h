// Conditions: what a look at a tool's result means for a task that waits for it.
//
// `changes` fires when the result differs from the last one seen; the first look only remembers. `where` fires when
// the expression over the result becomes true (edge: also at the first look), or at every look while it is (level).
// The memory is small and belongs in the task's row. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/schedule/trigger.h"

namespace carillon {

// What one look leaves behind for the next; as text: "true", "false", or the digest of a result.
struct ConditionMemory {
  std::string last;  // empty: never looked
};

struct ConditionLook {
  enum class Verdict { fire, wait } verdict;
  ConditionMemory memory;
};

// An error is one of evaluating `where`; the memory then stays as it was.
Result<ConditionLook> look_at(const ConditionTrigger& trigger, const json& result, const ConditionMemory& before);

}  // namespace carillon
