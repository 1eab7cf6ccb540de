// reads(): a schedule back in plain language, in words that parse_when understands again.
#include <algorithm>

#include "server/domain/schedule/reading_words.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {
namespace {

// What a form is read with: the trigger's zone, and its name where it is not the task's.
struct In {
  Zone zone;
  std::string own_zone;
  std::string suffix() const { return own_zone.empty() ? "" : " " + own_zone; }
};

std::string read(const ManualTrigger&, const In&) { return "manual"; }

std::string read(const OnceTrigger& once, const In& in) {
  const UtcSeconds at = std::chrono::floor<Seconds>(once.at);
  const LocalSeconds local = in.zone.to_local(at);
  // What comes twice, or lies between two seconds, needs its offset to be the same instant again.
  const bool plain = Instant{at} == once.at && in.zone.read(local).kind == LocalReading::Kind::unique;
  if (!plain) return "once at " + to_rfc3339_in(once.at, in.zone.name()) + in.suffix();
  const auto day = static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count());
  return "once on " + std::string(weekday_name(weekday_of(day)).substr(0, 3)) + " " + wall_date(local) + " at " +
         wall_time(local) + in.suffix();
}

std::string read(const IntervalTrigger& interval, const In& in) {
  std::string out = every_text(std::chrono::floor<Seconds>(interval.every));
  if (interval.window) {
    const auto& window = *interval.window;
    const bool whole_day = window.from.count() == 0 && window.to.count() == kDaySeconds;
    const std::string to = window.to.count() == kDaySeconds ? "24:00" : wall_time(LocalSeconds{window.to});
    if (!whole_day) out += " between " + wall_time(LocalSeconds{window.from}) + " and " + to;
    if (window.weekdays != 0x7F) out += " on " + weekdays_text(window.weekdays);
    if (whole_day && window.weekdays == 0x7F) out += " between 00:00 and 24:00";
  }
  if (interval.anchored) out += ", starting " + moment_text(in.zone, interval.first);
  return out + in.suffix();
}

std::string read(const DelayTrigger& delay, const In& in) {
  const auto seconds = std::chrono::floor<Seconds>(delay.delay).count();
  return length_text({0, 0, seconds}) + " after each run, starting " + moment_text(in.zone, delay.first) + in.suffix();
}

std::string read(const RuleTrigger& rule, const In& in) {
  const auto words = rule_in_words(rule, in.zone);
  return words ? *words + in.suffix() : rule_in_full(rule, in.zone, in.own_zone);
}

std::string read(const CronTrigger& cron, const In& in) { return cron_in_full(cron.expression, in.own_zone); }

// The name as `after` and `before task` take it: quoted where it is not one plain word.
std::string name_text(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:@+").find(c) != std::string_view::npos;
  };
  if (std::all_of(name.begin(), name.end(), plain)) return name;
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string read(const ReminderTrigger& reminder, const In& in) {
  std::string out;
  for (const auto& span : reminder.before) out += (out.empty() ? "" : ", ") + length_text(span);
  if (!reminder.task.empty()) return out + " before task " + name_text(reminder.task);
  return out + " before " + moment_text(in.zone, reminder.moment) + in.suffix();
}

std::string read(const EventTrigger& event, const In&) {
  return "on event " + event.pattern + (event.where.empty() ? "" : " where " + event.where);
}

std::string read(const WebhookTrigger&, const In&) { return "on webhook"; }

std::string read(const ChainTrigger& chain, const In&) {
  return "after " + name_text(chain.task) + " " + std::string(name_of(chain.on));
}

std::string read(const ConditionTrigger& condition, const In& in) {
  std::string out = "when " + condition.tool;
  if (condition.arguments != "{}") out += " with " + condition.arguments;
  out += condition.where.empty() ? " changes" : " where " + condition.where;
  out += ", " + read(condition.looks, in);
  return out + (condition.fires == ConditionTrigger::Fires::level ? ", while it holds" : "");
}

std::string read_trigger(const Trigger& trigger, const Schedule& schedule) {
  const auto zone = Zone::named(trigger.zone);
  const In in{zone ? *zone : Zone::utc(), trigger.zone == schedule.zone ? "" : trigger.zone};
  const std::string out = std::visit([&](const auto& body) { return read(body, in); }, trigger.body);
  return trigger.until ? out + ", until " + moment_text(in.zone, *trigger.until) : out;
}

}  // namespace

std::string reads(const Schedule& schedule) {
  std::string out;
  for (const auto& trigger : schedule.triggers) out += (out.empty() ? "" : " or ") + read_trigger(trigger, schedule);
  return out;
}

}  // namespace carillon
