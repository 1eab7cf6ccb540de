#include "transport/lane.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>

#include "transport/worker_pool.h"

namespace carillon::transport {
namespace {

using namespace std::chrono_literals;

// Takes a few works and refuses the others; runs what it took when it is told to.
class SmallExecutor final : public Executor {
 public:
  explicit SmallExecutor(std::size_t room) : room_(room) {}
  bool run(std::function<void()> work) override {
    if (taken_.size() >= room_) return false;
    taken_.push_back(std::move(work));
    return true;
  }
  void run_one() {
    const auto work = std::move(taken_.front());
    taken_.erase(taken_.begin());
    work();
  }
  std::size_t taken() const { return taken_.size(); }

 private:
  const std::size_t room_;
  std::vector<std::function<void()>> taken_;
};

TEST_CASE("whoever sends much at once leaves room for others", "[transport][lane]") {
  WorkerPool pool{{.threads_max = 3}};
  const auto busy = std::make_shared<Lane>(2);
  const auto other = std::make_shared<Lane>(2);
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  std::atomic<int> running{0}, most{0}, done{0};
  std::promise<void> all_done;
  constexpr int kPile = 200;
  for (int i = 0; i < kPile; ++i) {
    REQUIRE(busy->run(pool, [&] {
      const int now = ++running;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) continue;
      opened.wait();
      --running;
      if (++done == kPile) all_done.set_value();
    }));
  }
  std::promise<void> answered;
  REQUIRE(other->run(pool, [&] { answered.set_value(); }));
  CHECK(answered.get_future().wait_for(20s) == std::future_status::ready);
  gate.set_value();
  CHECK(all_done.get_future().wait_for(20s) == std::future_status::ready);
  CHECK(most <= 2);
  pool.stop();
}

TEST_CASE("what waits runs in order and behind what others have in the executor", "[transport][lane]") {
  SmallExecutor executor{10};
  const auto one = std::make_shared<Lane>(1);
  const auto two = std::make_shared<Lane>(1);
  std::string order;
  for (const char* name : {"a", "b", "c"}) REQUIRE(one->run(executor, [&order, name] { order += name; }));
  REQUIRE(two->run(executor, [&order] { order += "x"; }));
  CHECK(executor.taken() == 2);
  while (executor.taken() > 0) executor.run_one();
  CHECK(order == "axbc");
}

TEST_CASE("a full executor refuses what is new and keeps what was accepted", "[transport][lane]") {
  SmallExecutor executor{1};
  const auto lane = std::make_shared<Lane>(1);
  const auto late = std::make_shared<Lane>(1);
  std::string order;
  REQUIRE(lane->run(executor, [&] { order += "a"; }));
  REQUIRE(lane->run(executor, [&] { order += "b"; }));
  CHECK_FALSE(late->run(executor, [&] { order += "never"; }));
  SmallExecutor* const small = &executor;
  REQUIRE(lane->run(executor, [&order, small] {
    order += "c";
    CHECK(small->taken() == 0);
  }));
  while (executor.taken() > 0) executor.run_one();
  CHECK(order == "abc");
  REQUIRE(late->run(executor, [&] { order += "d"; }));  // the refused one holds no place
  executor.run_one();
  CHECK(order == "abcd");
}

TEST_CASE("what was accepted runs though another has taken its place in the executor", "[transport][lane]") {
  SmallExecutor executor{1};
  const auto one = std::make_shared<Lane>(1);
  const auto two = std::make_shared<Lane>(1);
  std::string order;
  REQUIRE(one->run(executor, [&] {
    order += "a";
    CHECK(two->run(executor, [&] { order += "x"; }));
  }));
  REQUIRE(one->run(executor, [&] { order += "b"; }));
  while (executor.taken() > 0) executor.run_one();
  CHECK(order == "abx");
}

}  // namespace
}  // namespace carillon::transport
