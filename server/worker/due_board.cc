#include "server/worker/due_board.h"

#include <algorithm>

#include "server/base/check.h"

namespace carillon {
namespace {

constexpr Duration kAgeOfOnePriority = std::chrono::minutes{1};

std::int64_t urgency(std::int16_t priority, Instant due, Instant now) {
  return priority - std::max<std::int64_t>(0, (now - due) / kAgeOfOnePriority);
}

}  // namespace

DueBoard::Times& DueBoard::times(std::int16_t shard, std::int16_t priority) {
  CARILLON_CHECK(shard >= 0 && shard < kShards && priority >= 1 && priority <= kPriorities);
  return queues_[static_cast<std::size_t>(shard) * kPriorities + static_cast<std::size_t>(priority) - 1];
}

const DueBoard::Times& DueBoard::times(std::int16_t shard, std::int16_t priority) const {
  return const_cast<DueBoard*>(this)->times(shard, priority);
}

void DueBoard::due_at(std::int16_t shard, std::int16_t priority, Instant at) {
  {
    const std::lock_guard lock{mutex_};
    const auto add = [&](std::int16_t one) {
      auto& queue = times(shard, one);
      queue.at.insert(at);
      if (queue.at.size() > kTimesMax) queue.at.erase(std::prev(queue.at.end()));
      queue.floor = std::min(queue.floor, Floor{at, 0});
    };
    if (priority != 0)
      add(priority);
    else
      for (std::int16_t each = 1; each <= kPriorities; ++each) add(each);
  }
  changed_.notify_all();
}

void DueBoard::unblocked(std::int16_t shard, Instant now) {
  {
    const std::lock_guard lock{mutex_};
    for (std::int16_t priority = 1; priority <= kPriorities; ++priority) {
      auto& queue = times(shard, priority);
      queue.at.insert(now);
      queue.floor = Floor{};
    }
  }
  changed_.notify_all();
}

void DueBoard::look_again() {
  {
    const std::lock_guard lock{mutex_};
    look_ = true;
    for (auto& queue : queues_) queue.floor = Floor{};
  }
  changed_.notify_all();
}

void DueBoard::room_again() {
  {
    const std::lock_guard lock{mutex_};
    room_ = true;
  }
  changed_.notify_all();
}

void DueBoard::stop() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
}

std::vector<DueBoard::Queue> DueBoard::take_due(Instant now) {
  struct Due {
    Queue queue;
    std::int64_t urgency;
    std::int64_t turn;
  };
  std::vector<Due> due;
  {
    const std::lock_guard lock{mutex_};
    const auto turn = static_cast<std::int16_t>(turn_++ % static_cast<std::uint64_t>(kShards));
    for (std::int16_t shard = 0; shard < kShards; ++shard) {
      for (std::int16_t priority = 1; priority <= kPriorities; ++priority) {
        auto& queue = times(shard, priority);
        if (queue.at.empty() || *queue.at.begin() > now) continue;
        due.push_back({{shard, priority, queue.floor},
                       urgency(priority, *queue.at.begin(), now),
                       (shard + kShards - turn) % kShards});
        queue.at.erase(queue.at.begin(), queue.at.upper_bound(now));
      }
    }
  }
  std::sort(due.begin(), due.end(), [](const Due& left, const Due& right) {
    return std::tie(left.urgency, left.turn) < std::tie(right.urgency, right.turn);
  });
  std::vector<Queue> queues;
  for (const auto& each : due) queues.push_back(each.queue);
  return queues;
}

std::vector<DueBoard::Queue> DueBoard::all(const std::vector<OwnedShard>& shards, Floors floors) const {
  const std::lock_guard lock{mutex_};
  std::vector<Queue> queues;
  for (const auto& shard : shards)
    for (std::int16_t priority = 1; priority <= kPriorities; ++priority)
      queues.push_back(
          {shard.shard, priority, floors == Floors::ignore ? Floor{} : times(shard.shard, priority).floor});
  return queues;
}

void DueBoard::raise_floor(std::int16_t shard, std::int16_t priority, Floor floor) {
  const std::lock_guard lock{mutex_};
  auto& queue = times(shard, priority);
  // A time that came in meanwhile is older: it stays reachable.
  if (!queue.at.empty()) floor = std::min(floor, Floor{*queue.at.begin(), 0});
  queue.floor = std::max(queue.floor, floor);
}

std::optional<Instant> DueBoard::first() const {
  std::optional<Instant> first;
  for (const auto& queue : queues_)
    if (!queue.at.empty() && (!first || *queue.at.begin() < *first)) first = *queue.at.begin();
  return first;
}

DueBoard::Woken DueBoard::wait(Monotonic latest, Room room) {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (stop_) return Woken::stop;
    if (std::exchange(look_, false)) return Woken::look;
    if (std::exchange(room_, false) && room == Room::none) return Woken::room;
    Monotonic until = latest;
    bool for_due = false;
    if (const auto next = room == Room::some ? first() : std::nullopt) {
      const auto left = clock_.boot_time_of(*next) - BootClock::now();
      if (left <= Duration{0}) return Woken::due;
      const auto due = std::chrono::steady_clock::now() + left;
      for_due = due < until;
      until = std::min(until, due);
    }
    if (changed_.wait_until(lock, until) == std::cv_status::timeout && !for_due &&
        std::chrono::steady_clock::now() >= latest)
      return Woken::timeout;
  }
}

}  // namespace carillon
