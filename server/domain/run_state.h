// The states of a run and the only table that decides them (docs/run-states.md is printed from it).
//
// queued lives in run_ready, running and waiting in run_live, the rest in run_history; a run is in exactly one of the
// three (product promise 2). missed and skipped are born final: they are slots that did not run. Pure; constexpr.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace carillon {

enum class RunState { queued, running, waiting, succeeded, failed, cancelled, unknown, missed, skipped };

inline constexpr auto kRunStateNames = std::to_array<std::string_view>(
    {"queued", "running", "waiting", "succeeded", "failed", "cancelled", "unknown", "missed", "skipped"});

constexpr std::string_view name_of(RunState state) { return kRunStateNames[static_cast<std::size_t>(state)]; }
constexpr std::optional<RunState> run_state_named(std::string_view name) {
  for (std::size_t i = 0; i < kRunStateNames.size(); ++i)
    if (kRunStateNames[i] == name) return static_cast<RunState>(i);
  return std::nullopt;
}
constexpr bool is_final(RunState state) { return state >= RunState::succeeded; }

enum class RunEvent {
  lease,            // a worker claimed it
  hand_back,        // claimed, not started, returned without counting an attempt
  finish,           // the result is in hand
  retry,            // failed with attempts left
  fail,             // failed with none left
  lose_outcome,     // the call's outcome cannot be known
  wait,             // sleeps, or waits for an approval, a signal or a child
  wake,             // what it waited for has come, and a worker took it
  cancel,           // somebody asked, or its task's overlap policy did
  expire,           // the lease ended between calls
  expire_mid_call,  // the lease ended inside a call that may not be repeated
  quarantine,       // it killed its worker too often
  too_late,         // its own expiry passed before it started
};

inline constexpr auto kRunEventNames =
    std::to_array<std::string_view>({"lease", "hand_back", "finish", "retry", "fail", "lose_outcome", "wait", "wake",
                                     "cancel", "expire", "expire_mid_call", "quarantine", "too_late"});

constexpr std::string_view name_of(RunEvent event) { return kRunEventNames[static_cast<std::size_t>(event)]; }

struct RunTransition {
  RunState from;
  RunEvent event;
  RunState to;
};

inline constexpr auto kRunTransitions = std::to_array<RunTransition>({
    // from             event                      to
    {RunState::queued, RunEvent::lease, RunState::running},
    {RunState::queued, RunEvent::cancel, RunState::cancelled},
    {RunState::queued, RunEvent::too_late, RunState::missed},
    {RunState::running, RunEvent::hand_back, RunState::queued},
    {RunState::running, RunEvent::finish, RunState::succeeded},
    {RunState::running, RunEvent::retry, RunState::queued},
    {RunState::running, RunEvent::fail, RunState::failed},
    {RunState::running, RunEvent::lose_outcome, RunState::unknown},
    {RunState::running, RunEvent::wait, RunState::waiting},
    {RunState::running, RunEvent::cancel, RunState::cancelled},
    {RunState::running, RunEvent::expire, RunState::queued},
    {RunState::running, RunEvent::expire_mid_call, RunState::unknown},
    {RunState::running, RunEvent::quarantine, RunState::failed},
    {RunState::running, RunEvent::too_late, RunState::missed},
    {RunState::waiting, RunEvent::wake, RunState::running},
    {RunState::waiting, RunEvent::cancel, RunState::cancelled},
    {RunState::waiting, RunEvent::fail, RunState::failed},
});

constexpr std::optional<RunState> next_state(RunState from, RunEvent event) {
  for (const auto& row : kRunTransitions)
    if (row.from == from && row.event == event) return row.to;
  return std::nullopt;
}

static_assert(!next_state(RunState::cancelled, RunEvent::retry), "cancelling is for good");
static_assert(!next_state(RunState::unknown, RunEvent::lease), "what may have happened is not repeated by itself");

}  // namespace carillon
