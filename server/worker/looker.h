// Looker: looks at the results of tools for tasks that wait for a condition. A look is leased in its row, calls the
// tool as a run would (scopes of whoever saved the task, the tool's timeout, an idempotency key of its own) and leaves
// behind what the next one has to remember, with a cue when the condition fires, in one statement. It is no run: a look
// that finds nothing leaves no row of its own. One that fails puts the next one off, and the third in a row is told.
//
// Belongs to the looker's thread; calls and answers come on others and are handed over.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "server/domain/schedule/condition.h"
#include "server/domain/task.h"
#include "server/domain/tool_caller.h"
#include "server/store/db_clock.h"
#include "server/store/look_rows.h"
#include "server/worker/ownership.h"
#include "server/worker/work_queue.h"

namespace carillon {

inline constexpr int kFailuresTold = 3;

struct LookerParts {
  LookRows& rows;
  const DbClock& clock;
  const Ownership& ownership;
  ToolCaller& tools;
  WorkQueue& patient;               // where waiting for a server holds up nobody
  std::function<void()> has_fired;  // a cue was written
};

// What a look's answer means: pure, for tests too.
struct LookQuestion {
  const DueLook& look;
  const TaskDefinition& definition;
  Instant now;
};
LookEnd end_of_look(const LookQuestion& question, const ToolReply& reply);

class Looker {
 public:
  explicit Looker(LookerParts parts) : parts_(std::move(parts)), answers_(std::make_shared<Answers>()) {}

  // Writes what has come back; gives how many looks were ended so.
  std::size_t end_answered();
  // Begins what is due; gives how many.
  std::size_t begin_due();

 private:
  struct Answered {
    DueLook look;
    TaskDefinition definition;
    ToolReply reply;
  };
  using Answers = Guarded<std::vector<Answered>>;

  void begin(const DueLook& look);
  void end(const Answered& answered);

  const LookerParts parts_;
  const std::shared_ptr<Answers> answers_;  // outlives calls that are still under way
};

}  // namespace carillon
