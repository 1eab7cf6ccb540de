#include "server/worker/due_board.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace carillon;
using namespace std::chrono_literals;

namespace {

Monotonic in(Duration duration) { return std::chrono::steady_clock::now() + duration; }

}  // namespace

TEST_CASE("the most urgent queue that is due comes first and waiting makes a queue more urgent",
          "[worker][due_board]") {
  DbClock clock;
  DueBoard board{clock};
  const Instant now = clock.now();
  board.due_at(3, 5, now - 1s);
  board.due_at(4, 1, now);
  board.due_at(5, 2, now + 1s);
  auto queues = board.take_due(now);
  REQUIRE(queues.size() == 2);
  CHECK(queues[0].priority == 1);
  CHECK(queues[1].priority == 5);
  CHECK(board.take_due(now).empty());

  board.due_at(3, 9, now - 10min);
  board.due_at(4, 1, now);
  queues = board.take_due(now);
  REQUIRE(queues.size() == 2);
  CHECK(queues[0].priority == 9);
}

TEST_CASE("a hint that comes between the look and the wait is not lost", "[worker][due_board]") {
  DbClock clock;
  DueBoard board{clock};
  REQUIRE(board.take_due(clock.now()).empty());
  board.due_at(1, 1, clock.now());
  CHECK(board.wait(in(1h), DueBoard::Room::some) == DueBoard::Woken::due);
  board.take_due(clock.now());
  board.look_again();
  CHECK(board.wait(in(1h), DueBoard::Room::some) == DueBoard::Woken::look);
  board.room_again();
  CHECK(board.wait(in(1h), DueBoard::Room::none) == DueBoard::Woken::room);
  board.stop();
  CHECK(board.wait(in(1h), DueBoard::Room::none) == DueBoard::Woken::stop);
}

TEST_CASE("a waiter is woken by a time that is nearer than the one it waits for", "[worker][due_board]") {
  DbClock clock;
  DueBoard board{clock};
  board.due_at(1, 1, clock.now() + 1h);
  DueBoard::Woken woken{};
  std::thread waiter{[&] { woken = board.wait(in(30s), DueBoard::Room::some); }};
  board.due_at(2, 2, clock.now());
  waiter.join();
  CHECK(woken == DueBoard::Woken::due);
}

TEST_CASE("a queue that is due does not wake a claimer that has no room", "[worker][due_board]") {
  DbClock clock;
  DueBoard board{clock};
  board.due_at(1, 1, clock.now() - 1s);
  CHECK(board.wait(in(1ms), DueBoard::Room::none) == DueBoard::Woken::timeout);
}

TEST_CASE("a floor rises only over what is not known to be below it", "[worker][due_board]") {
  DbClock clock;
  DueBoard board{clock};
  const Instant now = clock.now();
  board.raise_floor(0, 1, {now - 10s, 0});
  board.due_at(0, 1, now - 1min);
  CHECK(board.take_due(now).at(0).floor == Floor{now - 1min, 0});
  board.due_at(0, 1, now - 2min);
  board.raise_floor(0, 1, {now, 0});
  CHECK(board.take_due(now).at(0).floor == Floor{now - 2min, 0});
  board.raise_floor(0, 1, {now, 0});
  CHECK(board.all({{0, 1}}, DueBoard::Floors::keep).at(0).floor == Floor{now, 0});
  CHECK(board.all({{0, 1}}, DueBoard::Floors::ignore).at(0).floor == Floor{});
}
