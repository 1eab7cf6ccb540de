// Relay: loops, each run by one thread at a time, which passes it to another thread as soon as what it does takes long.
//
// A call that is over in microseconds should not cost a change of threads, and one that waits for a database must not
// hold up the others; nobody can tell beforehand which of the two it is. So the loop's thread does the work itself, on
// loan: when the work says about_to_wait() (server/base/waiting.h), or is not over after some milliseconds, another
// thread takes the loop over, and the first one belongs to the work. Loops and loans are limited in number.
//
// start(), stop() and the counts from any thread; a loop's members belong to whichever thread runs it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "server/base/waiting.h"
#include "transport/worker_pool.h"

namespace carillon::transport {

class Relay {
 public:
  class Loop;
  struct Limits {
    std::size_t loops_max = 256;
    std::size_t loans_max = 64;              // pieces of work that wait at once
    std::size_t loans_of_one_max = 16;       // of one loop
    std::chrono::milliseconds loan_time{5};  // then a loop is taken over unasked
  };

  explicit Relay(Limits limits);
  ~Relay() { stop(); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // False: there are as many loops as there may be, or we stop.
  bool start(const std::shared_ptr<Loop>& loop);
  // Returns when every loop has ended and every loan is back. Loops are not told: end them first.
  void stop();

  std::size_t loops() const { return loops_; }
  // Pieces of work whose loop has gone on without them.
  std::size_t loans() const { return loans_; }
  // Whether nothing was lent for a while, so that nothing is looked at either.
  bool overseer_sleeps() const { return overseer_sleeps_; }

 private:
  class Turn;
  void drive(const std::shared_ptr<Loop>& loop);
  void end_loop();
  void pass_on(Loop& loop);
  void take_back(Loop& loop);
  void oversee(const std::stop_token& stop);
  bool take_back_overdue();
  void wake_overseer();

  const Limits limits_;
  WorkerPool pool_;
  std::atomic<std::size_t> loops_{0};
  std::atomic<std::size_t> loans_{0};
  std::atomic<bool> overseer_sleeps_{false};
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::condition_variable ended_;
  std::list<std::weak_ptr<Loop>> overseen_;
  bool stopping_ = false;
  std::jthread overseer_;
};

class Relay::Loop : public std::enable_shared_from_this<Relay::Loop> {
 public:
  Loop() = default;
  virtual ~Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  enum class Round { again, over, gone_on };
  // Waits until there is something to do and does it. gone_on: lend() said so.
  virtual Round round() = 0;
  // There may be room for a loan where there was none. Called on any thread: the loop is somebody else's.
  virtual void loan_returned() {}

 protected:
  enum class After { still_ours, gone_on };
  // Does work that may take long. Everything that the loop needs to go on lies in its members by now; after gone_on
  // the thread leaves round() without touching them.
  template <class Work>
  After lend(Work&& work);
  // False: too much waits already; what may wait has to be done elsewhere.
  bool can_lend() const;

 private:
  friend class Relay;
  // Odd while something is on loan. Who counts it up from there has the loop: the thread that comes back, or the one
  // that takes the loop over.
  std::atomic<std::uint64_t> count_{0};
  std::uint64_t count_overseen_ = 0;
  std::atomic<std::size_t> loans_{0};
  Relay* relay_ = nullptr;
};

// Hears that what is on loan is about to wait.
class Relay::Turn final : public ThreadLender {
 public:
  explicit Turn(Loop& loop) : loop_(loop), lent_(loop.count_.fetch_add(1) + 1) {}
  void take_back() override { end(); }
  // False: the loop had been taken over already.
  bool come_back() { return loop_.count_.compare_exchange_strong(lent_, lent_ + 1); }
  // The work threw, and its exception is being handled: where the loop has gone on it ends here, else it goes on up.
  void fail();

 private:
  void end();

  Loop& loop_;
  std::uint64_t lent_;
};

template <class Work>
Relay::Loop::After Relay::Loop::lend(Work&& work) {
  Turn turn{*this};
  if (relay_->overseer_sleeps_) relay_->wake_overseer();
  try {
    const LentThread lent{turn};
    std::forward<Work>(work)();
  } catch (...) {
    turn.fail();
    return After::gone_on;
  }
  return turn.come_back() ? After::still_ours : After::gone_on;
}

}  // namespace carillon::transport
