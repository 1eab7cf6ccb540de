// The states of a step and the only table that decides them (docs/step-states.md is printed from it).
//
// A step that needs others is pending until they have ended, then ready; what is journaled begins with running. Pure;
// constexpr.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace carillon::pipeline {

enum class StepState {
  pending,
  ready,
  running,
  waiting,
  retrying,
  cancelling,
  succeeded,
  failed,
  skipped,
  cancelled,
  unknown,
  undone,
};

inline constexpr auto kStepStateNames =
    std::to_array<std::string_view>({"pending", "ready", "running", "waiting", "retrying", "cancelling", "succeeded",
                                     "failed", "skipped", "cancelled", "unknown", "undone"});

constexpr std::string_view name_of(StepState state) { return kStepStateNames[static_cast<std::size_t>(state)]; }
constexpr std::optional<StepState> step_state_named(std::string_view name) {
  for (std::size_t i = 0; i < kStepStateNames.size(); ++i)
    if (kStepStateNames[i] == name) return static_cast<StepState>(i);
  return std::nullopt;
}
// Nothing further comes by itself; succeeded may still be undone.
constexpr bool has_ended(StepState state) { return state >= StepState::succeeded; }
constexpr bool is_under_way(StepState state) {
  return state == StepState::running || state == StepState::waiting || state == StepState::cancelling;
}

enum class StepEvent {
  needs_met,     // what it needs has ended
  left_out,      // its condition is false, another branch was taken, or an error led past it
  begin,         // its call, timer or question is under way
  wait,          // it began and waits for a time, an event, a person, an agent or a child
  finish,        // its result is in hand
  retry,         // failed with attempts left
  fail,          // failed with none left, or could not begin
  lose_outcome,  // its call's outcome cannot be known
  resume,        // its worker was lost, and it may be repeated
  ask_to_end,    // cancelled while it is under way
  cancel,        // ended, or never begun, because somebody asked
  undo,          // its undo has ended well
};

inline constexpr auto kStepEventNames =
    std::to_array<std::string_view>({"needs_met", "left_out", "begin", "wait", "finish", "retry", "fail",
                                     "lose_outcome", "resume", "ask_to_end", "cancel", "undo"});
constexpr std::string_view name_of(StepEvent event) { return kStepEventNames[static_cast<std::size_t>(event)]; }

struct StepTransition {
  StepState from;
  StepEvent event;
  StepState to;
};

inline constexpr auto kStepTransitions = std::to_array<StepTransition>({
    // from                  event                    to
    {StepState::pending, StepEvent::needs_met, StepState::ready},
    {StepState::pending, StepEvent::left_out, StepState::skipped},
    {StepState::pending, StepEvent::cancel, StepState::cancelled},
    {StepState::ready, StepEvent::left_out, StepState::skipped},
    {StepState::ready, StepEvent::begin, StepState::running},
    {StepState::ready, StepEvent::fail, StepState::failed},
    {StepState::ready, StepEvent::cancel, StepState::cancelled},
    {StepState::running, StepEvent::wait, StepState::waiting},
    {StepState::running, StepEvent::finish, StepState::succeeded},
    {StepState::running, StepEvent::retry, StepState::retrying},
    {StepState::running, StepEvent::fail, StepState::failed},
    {StepState::running, StepEvent::lose_outcome, StepState::unknown},
    {StepState::running, StepEvent::resume, StepState::ready},
    {StepState::running, StepEvent::ask_to_end, StepState::cancelling},
    {StepState::waiting, StepEvent::finish, StepState::succeeded},
    {StepState::waiting, StepEvent::fail, StepState::failed},
    {StepState::waiting, StepEvent::lose_outcome, StepState::unknown},  // its child's is not known
    {StepState::waiting, StepEvent::cancel, StepState::cancelled},
    {StepState::retrying, StepEvent::begin, StepState::running},
    {StepState::retrying, StepEvent::fail, StepState::failed},
    {StepState::retrying, StepEvent::cancel, StepState::cancelled},
    {StepState::cancelling, StepEvent::finish, StepState::succeeded},
    {StepState::cancelling, StepEvent::retry, StepState::cancelled},  // nobody wants another attempt
    {StepState::cancelling, StepEvent::fail, StepState::failed},
    {StepState::cancelling, StepEvent::lose_outcome, StepState::unknown},
    {StepState::cancelling, StepEvent::cancel, StepState::cancelled},
    {StepState::succeeded, StepEvent::undo, StepState::undone},
});

constexpr std::optional<StepState> next_state(StepState from, StepEvent event) {
  for (const auto& row : kStepTransitions)
    if (row.from == from && row.event == event) return row.to;
  return std::nullopt;
}

// What may have happened is not repeated by itself, and what has ended stays as it is, but for what succeeded and is
// undone, once.
constexpr bool endings_are_for_good() {
  for (const auto& row : kStepTransitions)
    if (has_ended(row.from) && row.event != StepEvent::undo) return false;
  return !next_state(StepState::undone, StepEvent::undo);
}
static_assert(endings_are_for_good());

}  // namespace carillon::pipeline
