// DueBoard: when which queue becomes due, as this process knows it, and where its claimer waits.
//
// Times come from looking ahead, from runs that this process queued or gave back, and from hints of others. A time here
// is never the truth: a claim that finds nothing costs a statement, a time that is missing is found by looking ahead.
// A hint that comes between "nothing is due" and the wait is not lost: both happen under one lock.
//
// Thread-safe.
#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "server/domain/shard.h"
#include "server/store/db_clock.h"
#include "server/store/hot_path.h"

namespace carillon {

class DueBoard {
 public:
  explicit DueBoard(const DbClock& clock) : clock_(clock) {}

  // Runs of this queue (priority 0: of any priority of the shard) become due at `at`.
  void due_at(std::int16_t shard, std::int16_t priority, Instant at);
  // Runs of the shard that had to wait for another run may go now; they may lie below the floors.
  void unblocked(std::int16_t shard, Instant now);
  // Something may be due anywhere: look into the database before the next wait, below the floors too.
  void look_again();
  // Wakes the claimer because it may have room again.
  void room_again();
  void stop();

  struct Queue {
    std::int16_t shard, priority;
    Floor floor;
  };
  // Queues with a time that has come, most urgent first; one minute of waiting makes a queue one priority more urgent.
  // Their times are forgotten.
  std::vector<Queue> take_due(Instant now);
  // All of them, for looking ahead; with `ignore_floors` from the beginning of time.
  enum class Floors { keep, ignore };
  std::vector<Queue> all(const std::vector<OwnedShard>& shards, Floors floors) const;

  // No run of the queue is before `floor`, as far as was seen.
  void raise_floor(std::int16_t shard, std::int16_t priority, Floor floor);

  enum class Woken { due, look, room, stop, timeout };
  // Returns when the first known time comes, at `latest`, or when somebody calls.
  enum class Room { some, none };
  Woken wait(Monotonic latest, Room room);

 private:
  static constexpr std::size_t kTimesMax = 64;  // per queue; more are found by looking ahead
  struct Times {
    std::set<Instant> at;
    Floor floor;
  };
  Times& times(std::int16_t shard, std::int16_t priority);
  const Times& times(std::int16_t shard, std::int16_t priority) const;
  std::optional<Instant> first() const;

  const DbClock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Times, static_cast<std::size_t>(kShards) * kPriorities> queues_;
  std::uint64_t turn_ = 0;  // which shard comes first, so that none is always last
  bool look_ = false, room_ = false, stop_ = false;
};

}  // namespace carillon
