// What a look-up costs: the next slot of every case of the corpora, and of 100,000 tasks one after the other.
// Run by `scripts/bench time`; prints one line of JSON.
//
// usage: time_bench FOLDER_OF_THE_CORPORA
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"

using namespace carillon;

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRepeats = 21;
constexpr int kTasks = 100'000;

double micros_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

std::string compact(std::string text) {
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

struct Case {
  std::string id;
  Schedule schedule;
  Instant after;
};

Case case_of(const json& c) {
  const std::string zone = c.at("tzid");
  if (c.contains("cron"))
    return {
        c.at("id"),
        {"",
         zone,
         {{CronTrigger{*parse_cron(c.at("cron").get<std::string>())}, zone, DstGap::earliest_after, DstOverlap::first}},
         {},
         {}},
        *parse_rfc3339(c.at("after").get<std::string>())};
  const auto local = [](const json& text) { return *parse_ical_time(compact(text)); };
  const auto start = local(c.at("dtstart"));
  RuleTrigger trigger{ScheduleKind::rrule, *parse_rrule(c.at("rrule").get<std::string>()),
                      LocalSeconds{start.since_epoch}};
  for (const auto& date : c.value("exdate", json::array())) trigger.exdates.push_back(local(date));
  for (const auto& date : c.value("rdate", json::array())) trigger.rdates.push_back(local(date));
  trigger.last = counted_end(trigger.rule, trigger.start, *Zone::named(zone)).last;
  const Instant after = c.contains("after") ? *parse_rfc3339(c.at("after").get<std::string>())
                                            : Instant{Seconds{start.since_epoch}} - std::chrono::days{2};
  return {c.at("id"), {"", zone, {{trigger, zone, DstGap::shift, DstOverlap::first}}, {}, {}}, after};
}

// The cost of the first slot after `after`: the middle one of several looks, so that a busy machine tells less.
double cost_of(const Case& one) {
  std::vector<double> micros;
  for (int i = 0; i < kRepeats; ++i) {
    const auto begin = Clock::now();
    const auto slot = next_slot(one.schedule, one.after);
    micros.push_back(micros_since(begin));
    if (slot && slot->at <= one.after) std::abort();
  }
  std::nth_element(micros.begin(), micros.begin() + kRepeats / 2, micros.end());
  return micros[kRepeats / 2];
}

json costs_of(const std::string& folder, std::initializer_list<const char*> files) {
  std::vector<std::pair<double, std::string>> costs;
  for (const auto* file : files) {
    std::ifstream stream(folder + "/" + file + ".json");
    const json corpus = json::parse(stream);
    for (const auto& c : corpus.at("cases")) {
      const Case one = case_of(c);
      costs.emplace_back(cost_of(one), one.id);
    }
  }
  std::sort(costs.begin(), costs.end());
  return {{"cases", costs.size()},
          {"median", costs[costs.size() / 2].first},
          {"p99", costs[costs.size() * 99 / 100].first},
          {"worst", costs.back().first},
          {"worst_case", costs.back().second}};
}

// Tasks as people have them, in several zones, each at an instant of its own.
double tasks_per_second() {
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  const char* const texts[]{"weekdays at 07:30",
                            "every 15m",
                            "0 9 * * 1-5",
                            "every 15m between 08:00 and 18:00 on weekdays",
                            "1st of month at 08:00",
                            "last friday of month at 17:00",
                            "*/5 * * * *",
                            "rrule FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0",
                            "every 2 weeks on tue at 10:00",
                            "30 2 * * *"};
  const char* const zones[]{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC", "Australia/Sydney"};
  std::vector<Schedule> tasks;
  for (int i = 0; i < kTasks; ++i)
    tasks.push_back(*parse_when(texts[i % 10], {now + std::chrono::seconds{i}, zones[i / 10 % 5]}));
  const auto begin = Clock::now();
  std::int64_t sum = 0;
  for (int i = 0; i < kTasks; ++i)
    sum +=
        next_slot(tasks[static_cast<std::size_t>(i)], now + std::chrono::seconds{i})->at.time_since_epoch().count() & 1;
  const double seconds = micros_since(begin) / 1e6;
  return sum < 0 ? 0 : kTasks / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: time_bench FOLDER_OF_THE_CORPORA\n"), 2;
  const std::string folder = argv[1];
  const json out{
      {"rrule", costs_of(folder + "/rrule", {"rfc5545", "rules", "dst", "subdaily-dst", "window", "never", "misc"})},
      {"cron", costs_of(folder + "/cron", {"standard", "dst", "extensions"})},
      {"tasks_per_second", tasks_per_second()}};
  std::printf("%s\n", out.dump().c_str());
}
