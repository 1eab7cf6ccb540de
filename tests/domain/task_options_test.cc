#include "server/domain/task_options.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace std::chrono_literals;

TEST_CASE("every option is read and written back as it was given", "[domain][task_options]") {
  const json given =
      json::parse(R"({"timeout":"10s","retries":{"max_attempts":3,"backoff":"linear","base":"2s","max":"1m"},
    "overlap":"queue","misfire":"all","grace":"2h","max_catch_up":5,"jitter":"30s","start":"2026-12-01","until":"2027-01-01",
    "max_runs":10,"expires":"30m","dst_gap":"earliest_after","dst_overlap":"both","max_parallel":3,
    "quiet_hours":{"during":"22:00-07:00","policy":"skip"},"calendars":{"exclude":["holidays"],"only":["trading"]},"keep":{"records":"30d","outputs":"7d"}})");
  CHECK(given.size() == kOptionNames.size());
  const auto options = read_options(given, "/options");
  REQUIRE(options.ok());
  CHECK(*options->timeout == 10s);
  CHECK(*options->overlap == Overlap::queue);
  CHECK(*options->dst_gap == DstGap::earliest_after);
  CHECK(*options->dst_overlap == DstOverlap::both);
  CHECK(*options->keep->outputs == 7 * 24h);
  CHECK(to_json(*options) == given);
  CHECK(to_json(*read_options(json::object(), "")) == json::object());
}

TEST_CASE("a wrong option is refused where it is wrong", "[domain][task_options]") {
  auto [text, pointer] = GENERATE(table<std::string, std::string>({
      {"[]", "/o"},
      {R"({"time_out":"5s"})", "/o/time_out"},
      {R"({"timeout":5})", "/o/timeout"},
      {R"({"timeout":"0s"})", "/o/timeout"},
      {R"({"timeout":"x"})", "/o/timeout"},
      {R"({"retries":"x"})", "/o/retries"},
      {R"({"overlap":"maybe"})", "/o/overlap"},
      {R"({"overlap":1})", "/o/overlap"},
      {R"({"misfire":"never"})", "/o/misfire"},
      {R"({"max_catch_up":0})", "/o/max_catch_up"},
      {R"({"max_runs":"3"})", "/o/max_runs"},
      {R"({"start":5})", "/o/start"},
      {R"({"dst_gap":"late"})", "/o/dst_gap"},
      {R"({"dst_overlap":"none"})", "/o/dst_overlap"},
      {R"({"keep":"90d"})", "/o/keep"},
      {R"({"keep":{"rows":"90d"}})", "/o/keep/rows"},
      {R"({"keep":{"records":"1m"}})", "/o/keep/records"},
      {R"({"expires":"0s"})", "/o/expires"},
      {R"({"max_parallel":0})", "/o/max_parallel"},
      {R"({"max_parallel":1001})", "/o/max_parallel"},
      {R"({"quiet_hours":5})", "/o/quiet_hours"},
      {R"({"quiet_hours":{"policy":"skip"}})", "/o/quiet_hours"},
      {R"({"quiet_hours":{"during":"22:00-07:00","policy":"wait"}})", "/o/quiet_hours/policy"},
      {R"({"quiet_hours":{"hours":"22:00-07:00"}})", "/o/quiet_hours/hours"},
      {R"({"calendars":5})", "/o/calendars"},
      {R"({"calendars":[""]})", "/o/calendars"},
      {R"({"calendars":{"without":["x"]}})", "/o/calendars/without"},
      {R"({"calendars":["1","2","3","4","5","6","7","8","9","10","11"]})", "/o/calendars"},
  }));
  CAPTURE(text);
  const auto options = read_options(json::parse(text), "/o");
  REQUIRE_FALSE(options.ok());
  CHECK(options.error().code == ErrorCode::arguments_invalid);
  CHECK(options.error().pointer == pointer);
}

TEST_CASE("the first wrong option is told and the others left alone", "[domain][task_options]") {
  CHECK(read_options({{"timeout", 5}, {"grace", 5}}, "").error().pointer == "/timeout");
  CHECK(read_options({{"timeout", 5}, {"retries", "x"}, {"keep", 1}, {"max_runs", 0}, {"until", 1}}, "")
            .error()
            .pointer == "/timeout");
}

TEST_CASE("quiet hours and calendars have a short form", "[domain][task_options]") {
  const auto options = read_options({{"quiet_hours", "22:00-07:00"}, {"calendars", "holidays"}}, "");
  REQUIRE(options.ok());
  CHECK(options->quiet_hours->policy == QuietPolicy::defer);
  CHECK(options->calendars->exclude == std::vector<std::string>{"holidays"});
  CHECK(to_json(*options) == json{{"quiet_hours", "22:00-07:00"}, {"calendars", {{"exclude", {"holidays"}}}}});
  CHECK_FALSE(read_options({{"calendars", json::array()}}, "")->calendars);
}
