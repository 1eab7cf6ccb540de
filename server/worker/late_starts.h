// LateStarts: when runs begin that are late anyway, after a start, a wake or an outage: not all at once, and those that
// call servers not before there is a network (docs/adr/0031-waking-up.md).
//
// A decision over one firing; it remembers the starts that it has given, and what of a concurrency key it has put off,
// so that later slots of that key stay behind the earlier ones. Belongs to the scheduler's thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "server/domain/task.h"
#include "server/store/schedule_rows.h"
#include "server/worker/network_gate.h"

namespace carillon {

// Why such a run has not begun, and why it was late once it has: the end of the reason in its row.
inline constexpr std::string_view kWaitsForNetwork = "late; waits until there is a network";
inline constexpr std::string_view kWaitedForNetwork = "late; there was no network";

// Ten begin at once, then ten in each second; the last of very many a minute from now.
inline constexpr StartPace kLatePace{
    .at_once = 10, .between = std::chrono::milliseconds{100}, .longest = std::chrono::minutes{1}};

class LateStarts {
 public:
  // Whether a tool ("server.tool") certainly needs no network. Nothing there: each may need it.
  using StaysHere = std::function<bool(std::string_view tool)>;
  LateStarts(const NetworkGate& gate, StaysHere stays_here) : gate_(gate), stays_here_(std::move(stays_here)) {}

  // Puts off what the firing queues and is late by more than a minute, and what has to stay behind such a run.
  void ease_in(Firing& firing, const std::optional<TaskDefinition>& definition, Instant now);
  // Runs that waited for the network begin by `last` at the latest.
  void network_wait_ended(Instant last);

 private:
  struct PutOff {
    Instant until;
    bool for_network;
  };
  Instant next_start(Instant now);
  PutOff put_off(const Firing& firing, const std::optional<TaskDefinition>& definition, Instant now);
  bool may_need_network(const Action& action) const;
  const PutOff* ahead_of(const Firing& firing);

  const NetworkGate& gate_;
  const StaysHere stays_here_;
  Instant given_{};                       // the last start
  Instant swept_{};                       // by_key_, of what is past
  std::map<std::string, PutOff> by_key_;  // the last run of a tenant's concurrency key that was put off
};

}  // namespace carillon
