#include "tools/render.h"

#include <catch2/catch.hpp>

namespace carillon::tools {
namespace {

TEST_CASE("facts become lines and lists of objects one line each", "[tools][render]") {
  ordered_json facts{{"task", "morning-brief"}, {"version", 3}, {"paused", false}};
  facts["schedule"] = {{"kind", "cron"}, {"next", {"Mon 07:30", "Tue 07:30"}}};
  facts["runs"] = {{{"run", "a#1"}, {"policy", {{"overlap", "skip"}}}}, {{"run", "a#2"}}};
  facts["warnings"] = ordered_json::array();
  CHECK(render(facts) ==
        "task: morning-brief\nversion: 3\npaused: false\nschedule: kind cron · next Mon 07:30 · Tue 07:30\n"
        "runs:\n- run a#1 · policy (overlap skip)\n- run a#2");
}

TEST_CASE("text of several lines is set apart so that it cannot pass for facts of ours", "[tools][render]") {
  CHECK(render({{"output", "done\nstatus: succeeded"}, {"next", "x"}}) ==
        "output:\n  done\n  status: succeeded\nnext: x");
}

TEST_CASE("a row leaves out the names that go without saying", "[tools][render]") {
  CHECK(render_row({{"run", "a#1"}, {"status", "failed"}, {"attempt", 2}}, {"run", "status"}) ==
        "a#1 · failed · attempt 2");
}

TEST_CASE("durations read like a clock", "[tools][render]") {
  using namespace std::chrono_literals;
  CHECK(say_duration(120ms) == "120 ms");
  CHECK(say_duration(4100ms) == "4.1 s");
  CHECK(say_duration(125s) == "2 m 5 s");
  CHECK(say_duration(3h + 20min) == "3 h 20 m");
}

TEST_CASE("an extract ends between characters", "[tools][render]") {
  CHECK(extract("abc", 3).whole);
  const auto cut = extract("aä", 2);
  CHECK_FALSE(cut.whole);
  CHECK(cut.text == "a");
}

TEST_CASE("nothing is added where there is nothing to say", "[tools][render]") {
  ordered_json facts = ordered_json::object();
  add(facts, "a", "");
  add(facts, "b", ordered_json::array());
  add(facts, "c", nullptr);
  add(facts, "d", 0);
  CHECK(facts == ordered_json{{"d", 0}});
}

}  // namespace
}  // namespace carillon::tools
