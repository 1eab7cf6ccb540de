#include "server/store/listener.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/test_database.h"

using namespace carillon;
using namespace std::chrono_literals;

namespace {

HotPathOptions options(const test::TestDatabase& database) {
  return {.url = database.urls().dispatch, .application = "listener"};
}

// The next thing heard, whatever rounds it takes.
std::vector<std::string> next_heard(Listener& listener) {
  for (;;) {
    const auto heard = listener.wait(30s);
    if (!heard.channels.empty()) return heard.channels;
  }
}

}  // namespace

TEST_CASE("a listener first says that it listens and then hears each channel once", "[store][listener]") {
  const test::TestDatabase database;
  Listener listener{options(database), {"a.1", "b"}, "one"};
  CHECK(listener.wait(30s).listening_anew);
  Listener teller{options(database), {}, "two"};
  teller.notify({"b", "a.1", "nobody"});
  teller.notify({"b"});
  auto heard = next_heard(listener);
  if (heard.size() == 1) heard = next_heard(listener);
  CHECK(std::find(heard.begin(), heard.end(), "b") != heard.end());
  CHECK(std::find(heard.begin(), heard.end(), "nobody") == heard.end());
}

TEST_CASE("what is sent between the look and the wait is heard", "[store][listener]") {
  const test::TestDatabase database;
  Listener listener{options(database), {"a"}, "one"};
  REQUIRE(listener.wait(30s).listening_anew);
  Listener teller{options(database), {}, "two"};
  teller.notify({"a"});
  listener.notify({"elsewhere"});  // a statement of its own may swallow what arrived before it
  CHECK(next_heard(listener) == std::vector<std::string>{"a"});
}

TEST_CASE("its own probe comes back and says that notifications arrive", "[store][listener]") {
  const test::TestDatabase database;
  Listener listener{options(database), {"a"}, "one"};
  CHECK_FALSE(listener.healthy());
  while (!listener.healthy()) listener.wait(1s);
  CHECK(listener.healthy());
}

TEST_CASE("a session that was ended is made anew and everything is looked at again", "[store][listener]") {
  const test::TestDatabase database;
  Listener listener{options(database), {"a"}, "one"};
  REQUIRE(listener.wait(30s).listening_anew);
  database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'carillon listener'");
  CHECK_THROWS_AS(next_heard(listener), DatabaseGone);
  CHECK(listener.wait(30s).listening_anew);
}

TEST_CASE("waking ends a wait from another thread", "[store][listener]") {
  const test::TestDatabase database;
  Listener listener{options(database), {"a"}, "one"};
  while (!listener.healthy()) listener.wait(1s);
  std::thread waker{[&] { listener.wake(); }};
  const auto heard = listener.wait(1h);
  waker.join();
  CHECK(heard.channels.empty());
}
