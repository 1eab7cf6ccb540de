#include "server/engine/run_watch.h"

#include <catch2/catch.hpp>

using namespace carillon;

TEST_CASE("every watcher of a run hears of its end once", "[engine][run_watch]") {
  RunWatch watch;
  int first = 0;
  int second = 0;
  int other = 0;
  watch.watch(RunId{1}, [&] { ++first; });
  watch.watch(RunId{1}, [&] { ++second; });
  watch.watch(RunId{2}, [&] { ++other; });
  CHECK(watch.watched().size() == 2);
  watch.finished(RunId{1});
  watch.finished(RunId{1});
  CHECK(first == 1);
  CHECK(second == 1);
  CHECK(other == 0);
  CHECK(watch.watched() == std::vector{RunId{2}});
}

TEST_CASE("who stopped watching is not told", "[engine][run_watch]") {
  RunWatch watch;
  int gone = 0;
  int still = 0;
  const auto ticket = watch.watch(RunId{1}, [&] { ++gone; });
  watch.watch(RunId{1}, [&] { ++still; });
  watch.unwatch(ticket);
  watch.unwatch(ticket);
  watch.finished(RunId{1});
  CHECK(gone == 0);
  CHECK(still == 1);
}

TEST_CASE("a callback may use the watch", "[engine][run_watch]") {
  RunWatch watch;
  bool told = false;
  watch.watch(RunId{1}, [&] { watch.watch(RunId{2}, [&] { told = true; }); });
  watch.finished(RunId{1});
  watch.finished(RunId{2});
  CHECK(told);
}

TEST_CASE("who wants to hears what a run asks and how far it is until it ends", "[engine][run_watch]") {
  RunWatch watch;
  std::string heard;
  watch.watch(RunId{1}, [&] { heard += "end "; });  // wants to hear of nothing else
  watch.watch(RunId{1}, RunListener{.ended = [&] { heard += "end "; },
                                    .asks = [&] { heard += "asks "; },
                                    .progressed = [&](const ToolProgress& p) { heard += p.message + " "; }});
  watch.progressed(RunId{1}, {.progress = 1, .message = "one"});
  watch.asks(RunId{1});
  watch.asks(RunId{1});
  watch.asks(RunId{2});
  watch.finished(RunId{1});
  watch.progressed(RunId{1}, {.progress = 2, .message = "two"});
  CHECK(heard == "one asks asks end end ");
}
