#include "transport/client_clock.h"

#include <catch2/catch.hpp>
#include <future>
#include <memory>

#include "transport/client_loop.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

// A clock on a loop of its own.
class Running {
 public:
  explicit Running(CallTimes times) {
    on_loop([&] { clock_ = std::make_unique<CallClock>(loop_, times, [this] { over_.set_value(clock_->asking()); }); });
  }
  ~Running() {
    on_loop([&] { clock_.reset(); });
  }
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  CallClock& clock() { return *clock_; }
  // Waits until it is over; whether that was while somebody was asked.
  bool was_asking() { return over_.get_future().get(); }
  ClientLoop& loop() { return loop_; }

 private:
  ClientLoop loop_;
  std::unique_ptr<CallClock> clock_;
  std::promise<bool> over_;
};

}  // namespace

TEST_CASE("a clock is over after its own time", "[transport][client_clock]") {
  Running running{{20ms, 1h}};
  CHECK_FALSE(running.was_asking());
}

TEST_CASE("a clock stands still until the last question is answered", "[transport][client_clock]") {
  Running running{{1h, 1h}};
  std::promise<void> later;
  Duration at_first{0}, then{0};
  running.on_loop([&] {
    running.clock().ask();
    running.clock().ask();
    at_first = running.clock().left();
    running.loop().after(20ms, [&] {
      running.clock().answered();
      CHECK(running.clock().asking());
      then = running.clock().left();
      later.set_value();
    });
  });
  later.get_future().wait();
  CHECK(then == at_first);
  running.on_loop([&] {
    running.clock().answered();
    CHECK_FALSE(running.clock().asking());
    running.clock().answered();  // one too many is passed over
    CHECK_FALSE(running.clock().asking());
    CHECK(running.clock().left() > 0us);
  });
}

TEST_CASE("a question that nobody answers ends after the time for answers", "[transport][client_clock]") {
  Running running{{1h, 20ms}};
  running.on_loop([&] { running.clock().ask(); });
  CHECK(running.was_asking());
}

TEST_CASE("a clock without an end has none left", "[transport][client_clock]") {
  Running running{{0s, 0s}};
  running.on_loop([&] {
    CHECK(running.clock().left() == 0s);
    running.clock().ask();
    CHECK(running.clock().left() == 0s);
  });
}
