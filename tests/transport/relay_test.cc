#include "transport/relay.h"

#include <catch2/catch.hpp>
#include <deque>
#include <future>
#include <stdexcept>

#include "server/base/guarded.h"

namespace carillon::transport {
namespace {

using namespace std::chrono_literals;
constexpr auto kRelayPatience = 20s;
using Work = std::function<void()>;

// Does what it is given, one thing a round; ends when it is told to.
class Worklist final : public Relay::Loop {
 public:
  void add(Work work) {
    const std::lock_guard lock{mutex_};
    work_.push_back(std::move(work));
    arrived_.notify_one();
  }
  void end() { add(nullptr); }

  Round round() override {
    Work next;
    {
      std::unique_lock lock{mutex_};
      arrived_.wait(lock, [this] { return !work_.empty(); });
      next = std::move(work_.front());
      work_.pop_front();
    }
    if (!next) return Round::over;
    could_lend = can_lend();
    return lend(next) == After::gone_on ? Round::gone_on : Round::again;
  }

  std::atomic<bool> could_lend{false};

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Work> work_;
};

// Outlives the relay whose work waits at it: a thread is still within wait() when the others hear that it is through.
struct WorkGate {
  std::promise<void> promise;
  std::shared_future<void> opened = promise.get_future().share();
  void open() { promise.set_value(); }
  bool wait() const { return opened.wait_for(kRelayPatience) == std::future_status::ready; }
};

TEST_CASE("short work stays on the thread of its loop", "[transport][relay]") {
  Relay relay{{.loan_time = 10s}};
  const auto loop = std::make_shared<Worklist>();
  REQUIRE(relay.start(loop));
  std::promise<std::thread::id> first, second;
  loop->add([&] { first.set_value(std::this_thread::get_id()); });
  loop->add([&] { second.set_value(std::this_thread::get_id()); });
  CHECK(first.get_future().get() == second.get_future().get());
  loop->end();
  relay.stop();
  CHECK(relay.loops() == 0);
}

TEST_CASE("a loop goes on while its work waits", "[transport][relay]") {
  WorkGate gate;
  Relay relay{{.loan_time = 10s}};
  const auto loop = std::make_shared<Worklist>();
  REQUIRE(relay.start(loop));
  std::atomic<bool> finished = false;
  std::promise<std::thread::id> second;
  loop->add([&] {
    about_to_wait();
    CHECK(gate.wait());
    finished = true;
  });
  loop->add([&] { second.set_value(std::this_thread::get_id()); });
  auto arrived = second.get_future();
  REQUIRE(arrived.wait_for(kRelayPatience) == std::future_status::ready);
  CHECK(relay.loans() == 1);
  CHECK_FALSE(finished);
  gate.open();
  loop->end();
  relay.stop();
  CHECK(finished);
  CHECK(relay.loans() == 0);
}

TEST_CASE("a loop whose work takes long without a word is taken over", "[transport][relay]") {
  std::array<WorkGate, 3> gates, reached;
  Relay relay{{.loan_time = 1ms}};
  const auto loop = std::make_shared<Worklist>();
  REQUIRE(relay.start(loop));
  for (std::size_t i = 0; i < 3; ++i) {
    loop->add([&gate = gates[i]] { CHECK(gate.wait()); });
    loop->add([&here = reached[i]] { here.open(); });
    CHECK(reached[i].wait());
    gates[i].open();
  }
  loop->end();
}

TEST_CASE("the overseer that went to sleep is woken by the next loan", "[transport][relay]") {
  WorkGate gate, reached;
  Relay relay{{.loan_time = 1ms}};
  while (!relay.overseer_sleeps()) std::this_thread::yield();
  const auto loop = std::make_shared<Worklist>();
  REQUIRE(relay.start(loop));
  loop->add([&] { CHECK(gate.wait()); });
  loop->add([&] { reached.open(); });
  CHECK(reached.wait());
  gate.open();
  loop->end();
}

TEST_CASE("loops and loans are limited", "[transport][relay]") {
  WorkGate gate;
  std::array<WorkGate, 4> asked;
  std::size_t questions = 0;
  Relay relay{{.loops_max = 2, .loans_max = 3, .loans_of_one_max = 2, .loan_time = 10s}};
  const auto one = std::make_shared<Worklist>();
  const auto two = std::make_shared<Worklist>();
  REQUIRE(relay.start(one));
  REQUIRE(relay.start(two));
  CHECK_FALSE(relay.start(std::make_shared<Worklist>()));
  const auto wait = [&] {
    about_to_wait();
    CHECK(gate.wait());
  };
  const auto could_lend = [&](Worklist& loop) {
    WorkGate& answer = asked.at(questions++);
    loop.add([&answer] { answer.open(); });
    REQUIRE(answer.wait());
    return loop.could_lend.load();
  };
  one->add(wait);
  CHECK(could_lend(*one));
  one->add(wait);
  CHECK_FALSE(could_lend(*one));
  CHECK(could_lend(*two));
  two->add(wait);
  CHECK_FALSE(could_lend(*two));
  gate.open();
  one->end();
  two->end();
  relay.stop();
  CHECK_FALSE(relay.start(std::make_shared<Worklist>()));
}

TEST_CASE("work that throws ends its loop unless the loop has gone on", "[transport][relay]") {
  WorkGate gone_on;
  Relay relay{{.loan_time = 10s}};
  const auto loop = std::make_shared<Worklist>();
  REQUIRE(relay.start(loop));
  loop->add([] {
    about_to_wait();
    throw std::runtime_error{"after the loop went on"};
  });
  loop->add([&] { gone_on.open(); });
  CHECK(gone_on.wait());
  loop->add([] { throw std::runtime_error{"while it has the loop"}; });
  relay.stop();
  CHECK(relay.loops() == 0);
  CHECK(relay.loans() == 0);
}

TEST_CASE("many threads pass many loops on and nothing is lost", "[transport][relay]") {
  Relay relay{{.loops_max = 4, .loans_max = 32, .loan_time = 1ms}};
  std::vector<std::shared_ptr<Worklist>> loops;
  std::atomic<int> done{0};
  constexpr int kEach = 500;
  for (int i = 0; i < 4; ++i) {
    loops.push_back(std::make_shared<Worklist>());
    REQUIRE(relay.start(loops.back()));
  }
  for (int i = 0; i < kEach; ++i)
    for (const auto& loop : loops)
      loop->add([&done, i] {
        if (i % 3 == 0) about_to_wait();
        ++done;
      });
  for (const auto& loop : loops) loop->end();
  relay.stop();
  CHECK(done == 4 * kEach);
}

}  // namespace
}  // namespace carillon::transport
