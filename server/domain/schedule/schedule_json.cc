// How the database keeps a schedule. Written and read only here; an unknown member or version is refused.
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "server/domain/schedule/schedule.h"

namespace carillon {
namespace {

constexpr int kVersion = 1;

std::string local_text(LocalSeconds local) { return to_ical({local.time_since_epoch(), RuleEnd::Form::local}); }

json date_texts(const std::vector<IcalTime>& dates) {
  json out = json::array();
  for (const auto& date : dates) out.push_back(to_ical(date));
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

json body_json(const DelayTrigger& delay) {
  return {{"delay_us", delay.delay.count()}, {"first", instant_json(delay.first)}};
}

json body_json(const ReminderTrigger& reminder) {
  json before = json::array();
  for (const auto& span : reminder.before)
    before.push_back({{"months", span.months}, {"days", span.days}, {"seconds", span.seconds}});
  if (!reminder.task.empty()) return {{"before", before}, {"task", reminder.task}};
  return {{"before", before}, {"moment", instant_json(reminder.moment)}};
}

json body_json(const EventTrigger& event) { return {{"event", event.pattern}, {"where", event.where}}; }
json body_json(const WebhookTrigger&) { return json::object(); }
json body_json(const ChainTrigger& chain) { return {{"task", chain.task}, {"on", name_of(chain.on)}}; }

json body_json(const ConditionTrigger& condition) {
  return {{"tool", condition.tool},
          {"arguments", condition.arguments},
          {"where", condition.where},
          {"level", condition.fires == ConditionTrigger::Fires::level},
          {"looks", body_json(condition.looks)}};
}

json body_json(const RuleTrigger& rule) {
  json out{{"rrule", to_text(rule.rule)}, {"dtstart", local_text(rule.start)}, {"anchored", rule.anchored}};
  if (!rule.exdates.empty()) out["exdate"] = date_texts(rule.exdates);
  if (!rule.rdates.empty()) out["rdate"] = date_texts(rule.rdates);
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

std::vector<IcalTime> dates_from(const json& stored, const char* name) {
  std::vector<IcalTime> out;
  for (const auto& one : stored.value(name, json::array())) {
    const auto time = parse_ical_time(one.get<std::string>());
    if (!time) unfit("not a date");
    out.push_back(*time);
  }
  return out;
}

template <class Value>
Value known(std::optional<Value> value, const char* what) {
  if (!value) unfit(what);
  return *std::move(value);
}

decltype(Trigger::body) rule_from(const json& stored, ScheduleKind kind) {
  auto rule = parse_rrule(stored.at("rrule").get<std::string>());
  if (!rule) unfit("not a rule");
  RuleTrigger trigger{kind, *std::move(rule), local_from(stored.at("dtstart"))};
  trigger.exdates = dates_from(stored, "exdate");
  trigger.rdates = dates_from(stored, "rdate");
  if (stored.contains("last_s")) trigger.last = Seconds{stored.at("last_s").get<std::int64_t>()};
  trigger.anchored = stored.at("anchored").get<bool>();
  return trigger;
}

IntervalTrigger interval_from(const json& stored) {
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

DelayTrigger delay_from(const json& stored) {
  DelayTrigger delay{Duration{stored.at("delay_us").get<std::int64_t>()}, instant_from(stored.at("first"))};
  if (delay.delay < std::chrono::seconds{1}) unfit("not a delay");
  return delay;
}

ReminderTrigger reminder_from(const json& stored) {
  ReminderTrigger reminder;
  for (const auto& span : stored.at("before"))
    reminder.before.push_back({span.at("months"), span.at("days"), span.at("seconds")});
  if (reminder.before.empty()) unfit("not a reminder");
  reminder.task = stored.value("task", "");
  if (reminder.task.empty()) reminder.moment = instant_from(stored.at("moment"));
  return reminder;
}

ChainTrigger chain_from(const json& stored) {
  const auto on = stored.at("on").get<std::string>();
  for (const auto known_end : {ChainTrigger::On::succeeds, ChainTrigger::On::fails, ChainTrigger::On::finishes})
    if (name_of(known_end) == on) return {known_end, stored.at("task").get<std::string>()};
  unfit("not an end of a run");
}

ConditionTrigger condition_from(const json& stored) {
  return {stored.at("tool").get<std::string>(), stored.at("arguments").get<std::string>(),
          stored.at("where").get<std::string>(), interval_from(stored.at("looks")),
          stored.at("level").get<bool>() ? ConditionTrigger::Fires::level : ConditionTrigger::Fires::edge};
}

decltype(Trigger::body) body_from(const json& stored, ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::once:
      if (stored.contains("before")) return reminder_from(stored);
      return OnceTrigger{instant_from(stored.at("at"))};
    case ScheduleKind::interval:
      if (stored.contains("delay_us")) return delay_from(stored);
      return interval_from(stored);
    case ScheduleKind::calendar:
    case ScheduleKind::rrule:
      return rule_from(stored, kind);
    case ScheduleKind::cron: {
      auto cron = parse_cron(stored.at("cron").get<std::string>());
      if (!cron) unfit("not a cron line");
      return CronTrigger{*std::move(cron)};
    }
    case ScheduleKind::event:
      return EventTrigger{stored.at("event").get<std::string>(), stored.at("where").get<std::string>()};
    case ScheduleKind::webhook:
      return WebhookTrigger{};
    case ScheduleKind::condition:
      return condition_from(stored);
    case ScheduleKind::chain:
      if (stored.contains("before")) return reminder_from(stored);
      return chain_from(stored);
    case ScheduleKind::manual:
      return ManualTrigger{};
  }
  unfit("not a kind");
}

Trigger trigger_from(const json& stored) {
  const auto kind = known(schedule_kind_named(stored.at("kind").get<std::string>()), "not a kind");
  const auto gap = known(dst_gap_named(stored.at("dst_gap").get<std::string>()), "not a policy");
  const auto overlap = known(dst_overlap_named(stored.at("dst_overlap").get<std::string>()), "not a policy");
  Trigger trigger{body_from(stored, kind), stored.at("zone").get<std::string>(), gap, overlap, std::nullopt};
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
  for (const auto& calendar : stored.value("calendars", json::array()))
    schedule.calendars.push_back(
        {calendar.at("only").get<bool>() ? CalendarDays::Use::only : CalendarDays::Use::exclude,
         calendar.at("name").get<std::string>(), calendar.at("days").get<std::vector<std::int32_t>>()});
  return schedule;
}

}  // namespace

json to_json(const Schedule& schedule) {
  json out{{"v", kVersion}, {"text", schedule.text}, {"zone", schedule.zone}, {"triggers", json::array()}};
  for (const auto& trigger : schedule.triggers) {
    json one = std::visit([](const auto& body) { return body_json(body); }, trigger.body);
    one["kind"] = name_of(trigger.kind());
    one["zone"] = trigger.zone;
    one["dst_gap"] = name_of(trigger.gap);
    one["dst_overlap"] = name_of(trigger.overlap);
    if (trigger.until) one["until"] = instant_json(*trigger.until);
    out["triggers"].push_back(std::move(one));
  }
  if (schedule.start) out["start"] = instant_json(*schedule.start);
  if (schedule.until) out["until"] = instant_json(*schedule.until);
  for (const auto& calendar : schedule.calendars)
    out["calendars"].push_back(
        {{"only", calendar.use == CalendarDays::Use::only}, {"name", calendar.name}, {"days", calendar.days}});
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
