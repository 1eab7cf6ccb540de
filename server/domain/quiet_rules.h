// Quiet rules: whose quiet hours bind a slot, and what they make of it.
//
// They hold for a task (its own options), for all tasks of an agent or a tenant, and for messages, the class of tools
// that people hear (the section quiet_hours of the configuration). Several may hold at once: then a run starts when all
// of them are over, and one that says skip skips. What somebody asks for by hand (run_now, snooze) is not bound. Pure;
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/id.h"
#include "server/domain/schedule/quiet_hours.h"
#include "server/domain/task.h"

namespace carillon {

// As configured; read by check_quiet_entry before they get here.
struct QuietSettings {
  std::vector<std::string> tenants;  // "acme 22:00-07:00 on weekdays": the name, then the hours
  std::vector<std::string> agents;
  std::string notify;    // of tasks that deliver a message; empty: none
  std::string timezone;  // of all of these; empty: each task's own
};

struct BoundQuiet {
  QuietHours hours;
  QuietPolicy policy = QuietPolicy::defer;
  std::string whose{};  // "of the agent scout"; empty: the task's own
};

struct QuietOwner {
  TenantId tenant;
  AgentId agent;  // for whom the task runs
};

// Those that bind the task; an entry that cannot be read binds nothing.
std::vector<BoundQuiet> quiet_hours_of(const TaskDefinition& definition, const QuietOwner& owner,
                                       const QuietSettings& settings);
// The task's own alone.
std::vector<BoundQuiet> own_quiet_hours(const TaskDefinition& definition);

struct QuietVerdict {
  enum class Act { start, defer, skip } act = Act::start;
  Instant at{};          // defer: when the run starts instead
  std::string reason{};  // "quiet hours 22:00-07:00 of the agent scout"; empty when it starts
};
QuietVerdict decide_quiet(const std::vector<BoundQuiet>& bound, Instant start);
// Of a run that should have started then, which may have passed: both that time and `now` are looked at.
QuietVerdict decide_quiet_late(const std::vector<BoundQuiet>& bound, Instant start, Instant now);

// What is wrong with the words of a setting; nothing when they can be read. `named`: a name comes first.
enum class QuietEntry { hours, named_hours };
std::optional<std::string> check_quiet_entry(std::string_view text, QuietEntry entry);

// Refusals of options.quiet_hours: what parse_quiet_hours says, and hours that never end.
Status check_quiet_hours(const Quiet& quiet, const std::string& zone);

}  // namespace carillon
