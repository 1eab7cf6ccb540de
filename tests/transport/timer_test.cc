#include "transport/timer.h"

#include <catch2/catch.hpp>
#include <future>
#include <mutex>
#include <vector>

namespace carillon::transport {
namespace {

using namespace std::chrono_literals;
constexpr auto kTimerPatience = 10s;

TEST_CASE("waits end in the order of their times whatever the order they began in", "[transport][timer]") {
  std::mutex mutex;
  std::vector<int> order;
  std::promise<void> last;
  Timer timer;
  const auto note = [&](int number) {
    const std::lock_guard lock{mutex};
    order.push_back(number);
    if (order.size() == 3) last.set_value();
  };
  timer.after(60ms, [&] { note(3); });
  timer.after(1ms, [&] { note(1); });
  timer.after(30ms, [&] { note(2); });
  REQUIRE(last.get_future().wait_for(kTimerPatience) == std::future_status::ready);
  const std::lock_guard lock{mutex};
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("a cancelled wait never ends and frees what it holds at once", "[transport][timer]") {
  Timer timer;
  auto held = std::make_shared<int>(1);
  std::promise<void> later;
  const auto ticket = timer.after(5ms, [held] { *held = 2; });
  timer.cancel(ticket);
  CHECK(held.use_count() == 1);
  timer.after(20ms, [&] { later.set_value(); });
  REQUIRE(later.get_future().wait_for(kTimerPatience) == std::future_status::ready);
  CHECK(*held == 1);
  timer.cancel(ticket);
}

TEST_CASE("a function may start and cancel waits from inside", "[transport][timer]") {
  std::promise<int> end;
  Timer timer;
  timer.after(1ms, [&] {
    const auto never = timer.after(1h, [] {});
    timer.cancel(never);
    timer.after(1ms, [&] { end.set_value(7); });
  });
  auto future = end.get_future();
  REQUIRE(future.wait_for(kTimerPatience) == std::future_status::ready);
  CHECK(future.get() == 7);
}

TEST_CASE("what still waits when the timer goes is dropped", "[transport][timer]") {
  const auto held = std::make_shared<int>(0);
  {
    Timer{}.after(1h, [held] { ++*held; });
  }
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

}  // namespace
}  // namespace carillon::transport
