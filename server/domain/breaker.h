// The circuit breaker of a downstream server (spec pipelines.md §3): when too many of the latest calls failed, the next
// ones are refused at once for a while; then a few are let through to see whether the server is well again.
//
// The states and the only table that decides them (docs/breaker-states.md is printed from it), which errors count, and
// a breaker as a value: what happens to it is told to it with the time. docs/adr/0037-circuit-breakers.md. Pure; a
// breaker belongs to whoever holds it (catalog/breakers.h shares it).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/error_class.h"

namespace carillon {

enum class BreakerState {
  closed,     // calls go through
  half_open,  // a few do, on trial
  open,       // none does
};

inline constexpr auto kBreakerStateNames = std::to_array<std::string_view>({"closed", "half_open", "open"});
constexpr std::string_view name_of(BreakerState state) { return kBreakerStateNames[static_cast<std::size_t>(state)]; }
std::optional<BreakerState> breaker_state_named(std::string_view name);

enum class BreakerEvent {
  trip,     // too many of the latest calls failed
  cool,     // it has been open for long enough, and there is a call to try the server with
  relapse,  // a call on trial failed
  recover,  // all calls on trial went well
  mend,     // somebody changed the server's entry: what is known is about another server
};

inline constexpr auto kBreakerEventNames =
    std::to_array<std::string_view>({"trip", "cool", "relapse", "recover", "mend"});
constexpr std::string_view name_of(BreakerEvent event) { return kBreakerEventNames[static_cast<std::size_t>(event)]; }

struct BreakerTransition {
  BreakerState from;
  BreakerEvent event;
  BreakerState to;
};

inline constexpr auto kBreakerTransitions = std::to_array<BreakerTransition>({
    // from                    event                  to
    {BreakerState::closed, BreakerEvent::trip, BreakerState::open},
    {BreakerState::open, BreakerEvent::cool, BreakerState::half_open},
    {BreakerState::open, BreakerEvent::mend, BreakerState::closed},
    {BreakerState::half_open, BreakerEvent::relapse, BreakerState::open},
    {BreakerState::half_open, BreakerEvent::recover, BreakerState::closed},
    {BreakerState::half_open, BreakerEvent::mend, BreakerState::closed},
});

constexpr std::optional<BreakerState> next_state(BreakerState from, BreakerEvent event) {
  for (const auto& row : kBreakerTransitions)
    if (row.from == from && row.event == event) return row.to;
  return std::nullopt;
}

static_assert(!next_state(BreakerState::open, BreakerEvent::recover), "nobody recovers without a trial");

// What the end of a call says of its server.
enum class CallVerdict {
  well,          // it answered
  failed,        // it did not, or not in its protocol
  says_nothing,  // somebody else ended the call, or a rule of theirs or ours did
};
CallVerdict verdict_of(const std::optional<ErrorClass>& failure);

struct BreakerRules {
  int failures_percent = 60;                     // of the latest calls: then it opens,
  int requests_min = 10;                         // if there were so many
  Duration window = std::chrono::seconds{60};    // how far back the latest calls reach
  Duration open_for = std::chrono::seconds{30};  // then it is half-open
  int trials_max = 5;                            // calls on trial; when so many went well, it closes
};

// What a breaker answers to one call, and what it must be given back with the call's end.
struct BreakerPass {
  bool admitted = false;
  BreakerState state = BreakerState::closed;  // in which it was asked
  std::uint64_t term = 0;                     // of that state; ends of calls of earlier terms count no more
  Duration retry_after{0};                    // for one that is refused
};

// Where a breaker stands, as other processes and people see it.
struct BreakerStanding {
  BreakerState state = BreakerState::closed;
  Duration left{0};  // while it is open: until it is tried
  int requests = 0;  // when it last opened: the latest calls,
  int failures = 0;  // and how many of them failed
};

// "9 of the last 12 calls failed; the server is tried again in 24s", or by the next call where it has been open for
// long enough. Empty for one that is closed.
std::string say(const BreakerStanding& standing);

struct BreakerChange {
  BreakerState from{};
  BreakerEvent event{};
  BreakerState to{};
};

// What processes tell each other of one server's breaker (engine/breaker_sharing.h). The revision counts the changes
// that were written; 0: none was.
struct SharedBreaker {
  std::string server;
  std::int64_t revision = 0;
  BreakerStanding standing{};
};

// What one process decided on top of a revision, the oldest change first.
struct BreakerNews {
  SharedBreaker breaker;
  std::vector<BreakerChange> changes{};
};

// The latest calls, counted in twelve slices of the window: the oldest slice leaves as a whole.
class RollingCounts {
 public:
  static constexpr int kSlices = 12;

  explicit RollingCounts(Duration window) : slice_(window / kSlices) {}

  void add(CallVerdict verdict, Monotonic now);
  int requests() const { return requests_; }  // as of the last add
  int failures() const { return failures_; }
  void clear();

 private:
  struct Slice {
    int requests = 0, failures = 0;
  };

  Duration slice_;
  std::int64_t latest_ = 0;  // number of the newest slice, counted from the clock's beginning
  std::array<Slice, kSlices> slices_{};
  int requests_ = 0, failures_ = 0;
};

class Breaker {
 public:
  explicit Breaker(const BreakerRules& rules) : rules_(rules), latest_(rules.window) {}

  // One call asks. Admitted: its end must be told with the same pass, once.
  BreakerPass ask(Monotonic now);
  void tell(const BreakerPass& pass, CallVerdict verdict, Monotonic now);
  void mend(Monotonic now);
  // What another process decided. Nothing where both stand in the same state, but that an open one is tried when the
  // other one says.
  void take_over(const BreakerStanding& standing, Monotonic now);

  BreakerState state() const { return state_; }
  // Every call would be refused now.
  bool is_shut(Monotonic now) const { return state_ == BreakerState::open && now < tried_at_; }
  BreakerStanding standing(Monotonic now) const;
  // The last step that this breaker took by the table; what it took over is none.
  const std::optional<BreakerChange>& last_change() const { return last_change_; }

 private:
  void step(BreakerEvent event, Monotonic now);
  void enter(BreakerState state);
  BreakerPass refuse(Duration wait);

  BreakerRules rules_;
  BreakerState state_ = BreakerState::closed;
  std::uint64_t term_ = 0;
  RollingCounts latest_;
  Monotonic tried_at_{};              // while it is open
  int on_trial_ = 0, went_well_ = 0;  // while it is half-open
  int refused_ = 0;                   // since it last opened
  int requests_then_ = 0, failures_then_ = 0;
  std::optional<BreakerChange> last_change_{};
};

}  // namespace carillon
