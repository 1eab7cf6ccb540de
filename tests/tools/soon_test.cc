#include "tools/soon.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "transport/timer.h"
#include "transport/worker_pool.h"

namespace carillon::tools {
namespace {

constexpr std::chrono::seconds kSoonPatience{20};

// Rounds that are counted; the timer and the pool end before what they would call.
struct Counted {
  std::mutex mutex{};
  std::condition_variable changed{};
  int rounds = 0;
  bool fails = false;
  std::unique_ptr<transport::WorkerPool> pool =
      std::make_unique<transport::WorkerPool>(transport::WorkerPool::Limits{});
  std::unique_ptr<transport::Timer> timer = std::make_unique<transport::Timer>();
  Soon soon{{*pool, *timer}, "counting", [this] { round(); }};

  ~Counted() {
    timer.reset();
    pool->stop();
  }
  void round() {
    const std::lock_guard lock{mutex};
    ++rounds;
    changed.notify_all();
    if (fails) throw std::runtime_error{"the database is away"};
  }
  bool wait_for(int wanted) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, kSoonPatience, [&] { return rounds >= wanted; });
  }
};

TEST_CASE("a round that many ask for happens once and again when it is asked for again", "[tools][soon]") {
  Counted counted;
  for (int i = 0; i < 1'000; ++i) counted.soon.ask();
  REQUIRE(counted.wait_for(1));
  counted.soon.ask();
  REQUIRE(counted.wait_for(2));
  const std::lock_guard lock{counted.mutex};
  CHECK(counted.rounds <= 3);  // the thousand may have straddled one round
}

TEST_CASE("a round that fails is made again", "[tools][soon]") {
  Counted counted;
  counted.fails = true;
  counted.soon.ask();
  REQUIRE(counted.wait_for(1));
  counted.soon.ask();
  CHECK(counted.wait_for(2));
}

}  // namespace
}  // namespace carillon::tools
