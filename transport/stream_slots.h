// How many event streams may be open at once. Each holds a connection for as long as its client likes, so that without
// a limit listeners alone could use up what calls need. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace carillon::transport {

class StreamSlots {
 public:
  // One open stream; it ends when the last owner lets go of it, or earlier when its client has gone.
  class Slot {
   public:
    Slot(std::shared_ptr<std::atomic<std::size_t>> taken, const std::stop_token& gone)
        : taken_(std::move(taken)), on_gone_(gone, [this] { free(); }) {}
    ~Slot() { free(); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    void free() {
      if (!freed_.exchange(true)) --*taken_;
    }

   private:
    const std::shared_ptr<std::atomic<std::size_t>> taken_;
    std::atomic<bool> freed_{false};
    const std::stop_callback<std::function<void()>> on_gone_;  // last: it may run at once
  };

  explicit StreamSlots(std::size_t max) : max_(max) {}

  // Null: all are taken.
  std::shared_ptr<Slot> take(const std::stop_token& gone) {
    if (++*taken_ <= max_) return std::make_shared<Slot>(taken_, gone);
    --*taken_;
    return nullptr;
  }
  std::size_t taken() const { return *taken_; }

 private:
  const std::size_t max_;
  const std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace carillon::transport
