// How the database keeps a schedule. Written and read only here; an unknown member or version is refused.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "server/domain/schedule/schedule.h"

namespace carillon {
namespace {

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 3> kGaps{"shift", "earliest_after", "skip"};
constexpr std::array<std::string_view, 3> kOverlaps{"first", "second", "both"};

std::string local_text(LocalSeconds local) { return to_ical({local.time_since_epoch(), RuleEnd::Form::local}); }

json local_texts(const std::vector<LocalSeconds>& locals) {
  json out = json::array();
  for (const auto local : locals) out.push_back(local_text(local));
  return out;
}

json instant_json(Instant instant) { return to_rfc3339(instant); }

json body_json(const IntervalTrigger& interval) {
  json out{
      {"every_us", interval.every.count()}, {"first", instant_json(interval.first)}, {"anchored", interval.anchored}};
  if (interval.window)
    out["window"] = {{"from_s", interval.window->from.count()},
                     {"to_s", interval.window->to.count()},
                     {"weekdays", interval.window->weekdays}};
  return out;
}

json body_json(const RuleTrigger& rule) {
  json out{{"rrule", to_text(rule.rule)}, {"dtstart", local_text(rule.start)}, {"anchored", rule.anchored}};
  if (!rule.exdates.empty()) out["exdate"] = local_texts(rule.exdates);
  if (!rule.rdates.empty()) out["rdate"] = local_texts(rule.rdates);
  if (rule.last) out["last_s"] = rule.last->count();
  return out;
}

json body_json(const OnceTrigger& once) { return {{"at", instant_json(once.at)}}; }
json body_json(const CronTrigger& cron) { return {{"cron", cron.expression.text}}; }
json body_json(const ManualTrigger&) { return json::object(); }

// What does not fit is thrown as json::exception or std::invalid_argument and becomes one refusal in
// schedule_from_json.
[[noreturn]] void unfit(const std::string& what) { throw std::invalid_argument(what); }

Instant instant_from(const json& stored) {
  const auto instant = parse_rfc3339(stored.get<std::string>());
  if (!instant) unfit("not an instant");
  return *instant;
}

LocalSeconds local_from(const json& stored) {
  const auto time = parse_ical_time(stored.get<std::string>());
  if (!time) unfit("not a local time");
  return LocalSeconds{time->since_epoch};
}

std::vector<LocalSeconds> locals_from(const json& stored, const char* name) {
  std::vector<LocalSeconds> out;
  for (const auto& one : stored.value(name, json::array())) out.push_back(local_from(one));
  return out;
}

template <std::size_t N>
std::size_t index_from(const std::array<std::string_view, N>& names, const json& stored) {
  const auto found = std::find(names.begin(), names.end(), stored.get<std::string>());
  if (found == names.end()) unfit("not a policy");
  return static_cast<std::size_t>(found - names.begin());
}

decltype(Trigger::body) rule_from(const json& stored, ScheduleKind kind) {
  auto rule = parse_rrule(stored.at("rrule").get<std::string>());
  if (!rule) unfit("not a rule");
  RuleTrigger trigger{kind, *std::move(rule), local_from(stored.at("dtstart"))};
  trigger.exdates = locals_from(stored, "exdate");
  trigger.rdates = locals_from(stored, "rdate");
  if (stored.contains("last_s")) trigger.last = Seconds{stored.at("last_s").get<std::int64_t>()};
  trigger.anchored = stored.at("anchored").get<bool>();
  return trigger;
}

decltype(Trigger::body) interval_from(const json& stored) {
  IntervalTrigger interval{Duration{stored.at("every_us").get<std::int64_t>()}, instant_from(stored.at("first")),
                           std::nullopt};
  if (interval.every < std::chrono::seconds{1}) unfit("not an interval");
  interval.anchored = stored.at("anchored").get<bool>();
  if (stored.contains("window")) {
    const json& window = stored.at("window");
    interval.window = IntervalTrigger::Window{Seconds{window.at("from_s").get<std::int64_t>()},
                                              Seconds{window.at("to_s").get<std::int64_t>()},
                                              window.at("weekdays").get<std::uint8_t>()};
  }
  return interval;
}

decltype(Trigger::body) body_from(const json& stored, ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::once:
      return OnceTrigger{instant_from(stored.at("at"))};
    case ScheduleKind::interval:
      return interval_from(stored);
    case ScheduleKind::calendar:
    case ScheduleKind::rrule:
      return rule_from(stored, kind);
    case ScheduleKind::cron: {
      auto cron = parse_cron(stored.at("cron").get<std::string>());
      if (!cron) unfit("not a cron line");
      return CronTrigger{*std::move(cron)};
    }
    case ScheduleKind::manual:
      return ManualTrigger{};
  }
  unfit("not a kind");
}

Trigger trigger_from(const json& stored) {
  const auto kind = schedule_kind_named(stored.at("kind").get<std::string>());
  if (!kind) unfit("not a kind");
  Trigger trigger{body_from(stored, *kind), stored.at("zone").get<std::string>(),
                  static_cast<DstGap>(index_from(kGaps, stored.at("dst_gap"))),
                  static_cast<DstOverlap>(index_from(kOverlaps, stored.at("dst_overlap"))), std::nullopt};
  if (stored.contains("until")) trigger.until = instant_from(stored.at("until"));
  return trigger;
}

Schedule schedule_from(const json& stored) {
  if (stored.at("v").get<int>() != kVersion) unfit("another version");
  Schedule schedule{stored.at("text").get<std::string>(), stored.at("zone").get<std::string>(), {}, {}, {}};
  for (const auto& trigger : stored.at("triggers")) schedule.triggers.push_back(trigger_from(trigger));
  if (schedule.triggers.empty()) unfit("no trigger");
  if (stored.contains("start")) schedule.start = instant_from(stored.at("start"));
  if (stored.contains("until")) schedule.until = instant_from(stored.at("until"));
  return schedule;
}

}  // namespace

json to_json(const Schedule& schedule) {
  json out{{"v", kVersion}, {"text", schedule.text}, {"zone", schedule.zone}, {"triggers", json::array()}};
  for (const auto& trigger : schedule.triggers) {
    json one = std::visit([](const auto& body) { return body_json(body); }, trigger.body);
    one["kind"] = name_of(trigger.kind());
    one["zone"] = trigger.zone;
    one["dst_gap"] = kGaps.at(static_cast<std::size_t>(trigger.gap));
    one["dst_overlap"] = kOverlaps.at(static_cast<std::size_t>(trigger.overlap));
    if (trigger.until) one["until"] = instant_json(*trigger.until);
    out["triggers"].push_back(std::move(one));
  }
  if (schedule.start) out["start"] = instant_json(*schedule.start);
  if (schedule.until) out["until"] = instant_json(*schedule.until);
  return out;
}

Result<Schedule> schedule_from_json(const json& stored) {
  const auto refuse = [](const char* what) {
    return Error{ErrorCode::arguments_invalid, std::string("this is not a stored schedule: ") + what};
  };
  try {
    return schedule_from(stored);
  } catch (const json::exception& broken) {
    return refuse(broken.what());
  } catch (const std::invalid_argument& broken) {
    return refuse(broken.what());
  }
}

}  // namespace carillon
