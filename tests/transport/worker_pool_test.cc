#include "transport/worker_pool.h"

#include <catch2/catch.hpp>
#include <future>

namespace carillon::transport {
namespace {

using namespace std::chrono_literals;
constexpr auto kPoolPatience = 20s;

TEST_CASE("a pool grows to its limit and then refuses", "[transport][worker_pool]") {
  std::promise<void> open;
  const auto gate = open.get_future().share();
  WorkerPool pool{{2, 1, 10s}};
  std::atomic<int> done{0};
  std::promise<void> started[2];
  for (auto& each : started)
    REQUIRE(pool.run([&] {
      each.set_value();
      gate.wait();
      ++done;
    }));
  for (auto& each : started) REQUIRE(each.get_future().wait_for(kPoolPatience) == std::future_status::ready);
  CHECK(pool.busy() == 2);
  CHECK(pool.run([&] { ++done; }));
  CHECK_FALSE(pool.run([&] { ++done; }));
  open.set_value();
  pool.stop();
  CHECK(done == 3);
  CHECK_FALSE(pool.run([] {}));
}

TEST_CASE("threads without work end", "[transport][worker_pool]") {
  WorkerPool pool{{4, 4, 1ms}};
  std::promise<void> ran;
  REQUIRE(pool.run([&] { ran.set_value(); }));
  REQUIRE(ran.get_future().wait_for(kPoolPatience) == std::future_status::ready);
  for (const auto until = std::chrono::steady_clock::now() + kPoolPatience; pool.threads() > 0;) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::yield();
  }
  std::promise<void> again;
  REQUIRE(pool.run([&] { again.set_value(); }));
  CHECK(again.get_future().wait_for(kPoolPatience) == std::future_status::ready);
}

}  // namespace
}  // namespace carillon::transport
