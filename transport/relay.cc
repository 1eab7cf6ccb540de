#include "transport/relay.h"

#include <nlohmann/json.hpp>

#include "server/base/log.h"

namespace carillon::transport {
namespace {

constexpr auto kThreadIdle = std::chrono::seconds{30};
constexpr int kQuietTicks = 200;  // without any loan, before the overseer goes to sleep

bool is_lent(std::uint64_t count) { return count % 2 == 1; }

}  // namespace

// A loop that is lent out just when the last loan is taken is one loan more than allowed; hence twice the loops.
Relay::Relay(Limits limits)
    : limits_(limits),
      pool_({2 * limits.loops_max + limits.loans_max, limits.loops_max, kThreadIdle}),
      overseer_([this](const std::stop_token& stop) { oversee(stop); }) {}

bool Relay::start(const std::shared_ptr<Loop>& loop) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || loops_ >= limits_.loops_max) return false;
    ++loops_;
    loop->relay_ = this;
    std::erase_if(overseen_, [](const auto& each) { return each.expired(); });
    overseen_.push_back(loop);
  }
  if (pool_.run([this, loop] { drive(loop); })) return true;
  end_loop();
  return false;
}

void Relay::stop() {
  {
    std::unique_lock lock{mutex_};
    stopping_ = true;
    ended_.wait(lock, [this] { return loops_ == 0; });
  }
  pool_.stop();
  overseer_ = {};
}

void Relay::drive(const std::shared_ptr<Loop>& loop) {
  try {
    while (true) {
      switch (loop->round()) {
        case Loop::Round::again:
          continue;
        case Loop::Round::over:
          return end_loop();
        case Loop::Round::gone_on:
          return take_back(*loop);
      }
    }
  } catch (const std::exception& thrown) {
    log::error("a connection ended with an error", {{"what", thrown.what()}});
    end_loop();
  }
}

void Relay::take_back(Loop& loop) {
  --loop.loans_;
  if (loans_-- < limits_.loans_max) return loop.loan_returned();
  const std::lock_guard lock{mutex_};
  for (const auto& each : overseen_)
    if (const auto other = each.lock()) other->loan_returned();
}

void Relay::end_loop() {
  const std::lock_guard lock{mutex_};
  --loops_;
  ended_.notify_all();
}

void Relay::pass_on(Loop& loop) {
  ++loop.loans_;
  ++loans_;
  // Never refused: the pool has room for every loop and every loan, and is stopped only when no loop is left.
  pool_.run([this, again = loop.shared_from_this()] { drive(again); });
}

void Relay::Turn::fail() {
  if (come_back()) throw;
  try {
    throw;
  } catch (const std::exception& thrown) {
    log::error("what a loop had lent its thread to ended with an error", {{"what", thrown.what()}});
  }
}

void Relay::Turn::end() {
  std::uint64_t expected = lent_;
  if (loop_.count_.compare_exchange_strong(expected, lent_ + 1)) loop_.relay_->pass_on(loop_);
}

bool Relay::Loop::can_lend() const {
  return relay_->loans_ < relay_->limits_.loans_max && loans_ < relay_->limits_.loans_of_one_max;
}

void Relay::wake_overseer() {
  const std::lock_guard lock{mutex_};
  overseer_sleeps_ = false;
  wanted_.notify_all();
}

// Looks at every loop once in a loan's time: what was on loan the last time, and still is, has taken too long.
void Relay::oversee(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  for (int quiet = 0; !stop.stop_requested();) {
    wanted_.wait_for(lock, stop, limits_.loan_time, [] { return false; });
    quiet = take_back_overdue() ? 0 : quiet + 1;
    if (quiet < kQuietTicks) continue;
    // In this order: who lends something from now on sees that it has to wake us, and what was lent before, we see.
    overseer_sleeps_ = true;
    if (!take_back_overdue()) wanted_.wait(lock, stop, [this] { return !overseer_sleeps_; });
    overseer_sleeps_ = false;
    quiet = 0;
  }
}

// False: nothing was lent since the last time.
bool Relay::take_back_overdue() {
  bool lent = false;
  for (const auto& each : overseen_) {
    const auto loop = each.lock();
    if (!loop) continue;
    std::uint64_t count = loop->count_;
    lent = lent || count != loop->count_overseen_ || is_lent(count);
    const bool overdue = is_lent(count) && count == loop->count_overseen_;
    loop->count_overseen_ = count;
    if (overdue && loop->count_.compare_exchange_strong(count, count + 1)) pass_on(*loop);
  }
  return lent;
}

}  // namespace carillon::transport
