// The corpora of recurrence rules and cron lines: every case, every refusal, and what a look-up costs.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"

using namespace carillon;

namespace {

json cases_of(const std::string& path) {
  std::ifstream file("tests/corpora/" + path);
  REQUIRE(file);
  return json::parse(file).at("cases");
}

LocalSeconds local(const std::string& text) {
  const auto instant = parse_rfc3339(text + "Z");
  REQUIRE(instant);
  return LocalSeconds{std::chrono::floor<Seconds>(instant->time_since_epoch())};
}

IcalTime date(const std::string& text) { return {local(text).time_since_epoch(), RuleEnd::Form::local}; }

Schedule rule_schedule(const json& c) {
  const auto rule = parse_rrule(c.at("rrule").get<std::string>());
  REQUIRE(rule.ok());
  RuleTrigger trigger{ScheduleKind::rrule, *rule, local(c.at("dtstart").get<std::string>())};
  for (const auto& text : c.value("exdate", json::array())) trigger.exdates.push_back(date(text.get<std::string>()));
  for (const auto& text : c.value("rdate", json::array())) trigger.rdates.push_back(date(text.get<std::string>()));
  const std::string zone = c.at("tzid");
  REQUIRE(is_zone(zone));
  return {"", zone, {{trigger, zone, DstGap::shift, DstOverlap::first}}, {}, {}};
}

Schedule cron_schedule(const json& c, DstGap gap) {
  const auto cron = parse_cron(c.at("cron").get<std::string>());
  REQUIRE(cron.ok());
  const std::string zone = c.at("tzid");
  REQUIRE(is_zone(zone));
  return {"", zone, {{CronTrigger{*cron}, zone, gap, DstOverlap::first}}, {}, {}};
}

std::vector<std::string> written(const std::vector<Slot>& slots, const std::string& zone) {
  std::vector<std::string> out;
  for (const auto& slot : slots) out.push_back(to_rfc3339_in(slot.at, zone));
  return out;
}

struct Timing {
  std::vector<std::pair<double, std::string>> micros;
  ~Timing() {
    if (micros.empty()) return;
    std::sort(micros.begin(), micros.end());
    std::cout << "next slot over the corpus: median " << micros[micros.size() / 2].first << " us, p99 "
              << micros[micros.size() * 99 / 100].first << " us, worst " << micros.back().first << " us ("
              << micros.back().second << ")\n";
  }
};

void check_case(const json& c, const Schedule& schedule, const json& expected, Timing& timing) {
  INFO(c.at("id") << " " << c.value("rrule", c.value("cron", "")) << " " << c.value("dtstart", ""));
  const auto limit = c.at("limit").get<std::size_t>();
  const Instant after = c.contains("after") ? *parse_rfc3339(c.at("after").get<std::string>())
                                            : Instant{std::chrono::sys_days{std::chrono::January / 1 / 1}};
  const auto begin = std::chrono::steady_clock::now();
  const auto first = next_slot(schedule, after);
  timing.micros.emplace_back(
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count(), c.at("id"));
  // One more than asked for, where the corpus says that there is none.
  const auto slots = next_slots(schedule, after, limit + 1);
  auto got = written(slots, schedule.zone);
  // leap-006 (optional) calls a rule complete that comes again in 2800.
  if (c.value("complete", false) && !c.value("optional", false)) CHECK(got.size() == expected.size());
  if (got.size() > limit) got.resize(limit);
  CHECK(json(got) == expected);
  if (!slots.empty()) CHECK(first->at == slots.front().at);
}

}  // namespace

TEST_CASE("every recurrence rule of the corpus expands as expected", "[domain][schedule][rrule]") {
  Timing timing;
  std::size_t checked = 0;
  for (const auto* file : {"rfc5545", "rules", "dst", "subdaily-dst", "window", "never", "misc"})
    for (const auto& c : cases_of(std::string("rrule/") + file + ".json")) {
      check_case(c, rule_schedule(c), c.contains("expected_elapsed") ? c.at("expected_elapsed") : c.at("expected"),
                 timing);
      ++checked;
    }
  CHECK(checked == 680);
}

TEST_CASE("every cron line of the corpus fires as expected", "[domain][schedule][cron]") {
  Timing timing;
  std::size_t checked = 0;
  for (const auto* file : {"standard", "dst", "extensions"})
    for (const auto& c : cases_of(std::string("cron/") + file + ".json")) {
      check_case(c, cron_schedule(c, DstGap::earliest_after), c.at("expected"), timing);
      if (c.contains("expected_shift")) check_case(c, cron_schedule(c, DstGap::shift), c.at("expected_shift"), timing);
      ++checked;
    }
  CHECK(checked == 321);
}

TEST_CASE("what a recurrence rule must not say is refused with its position", "[domain][schedule][rrule]") {
  for (const auto& c : cases_of("rrule/invalid.json")) {
    const std::string text = c.at("rrule");
    INFO(c.at("id") << " " << text << " " << c.at("reason"));
    const auto parsed = parse_rrule(text);
    if (c.at("level") == "must") REQUIRE_FALSE(parsed.ok());
    if (parsed.ok()) continue;
    CHECK(parsed.error().code == ErrorCode::arguments_invalid);
    CHECK(parsed.error().details.at("position").get<std::size_t>() <= text.size());
  }
}

TEST_CASE("what a cron line must not say is refused with its position", "[domain][schedule][cron]") {
  for (const auto& c : cases_of("cron/invalid.json")) {
    const std::string text = c.at("cron");
    INFO(c.at("id") << " " << text << " " << c.at("reason"));
    const auto parsed = parse_cron(text);
    if (c.at("level") == "must") REQUIRE_FALSE(parsed.ok());
    if (parsed.ok()) continue;
    CHECK(parsed.error().code == ErrorCode::arguments_invalid);
    CHECK(parsed.error().details.at("position").get<std::size_t>() <= text.size());
  }
}
