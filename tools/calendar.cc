#include "tools/calendar.h"

#include <libical/ical.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/version.h"
#include "server/domain/schedule/slot_question.h"

namespace carillon::tools {
namespace {

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
using Component = std::unique_ptr<icalcomponent, FreeComponent>;

icaltimetype utc(Instant instant) {
  using namespace std::chrono;
  const auto seconds_since_1970 = floor<seconds>(instant).time_since_epoch().count();
  return icaltime_from_timet_with_zone(seconds_since_1970, 0, icaltimezone_get_utc_timezone());
}

// The property belongs to the component afterwards.
void add(icalcomponent* component, icalproperty* property) {
  CARILLON_CHECK(property != nullptr);
  icalcomponent_add_property(component, property);
}

Component event_of(const CalendarEvent& event, Instant made_at) {
  Component component{icalcomponent_new(ICAL_VEVENT_COMPONENT)};
  add(component.get(), icalproperty_new_uid(event.uid.c_str()));
  add(component.get(), icalproperty_new_dtstamp(utc(made_at)));
  add(component.get(), icalproperty_new_dtstart(utc(event.at)));
  add(component.get(), icalproperty_new_summary(event.summary.c_str()));
  if (!event.description.empty()) add(component.get(), icalproperty_new_description(event.description.c_str()));
  // Nobody is busy because a task runs.
  add(component.get(), icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
  return component;
}

constexpr std::int64_t kYearsBack = 1, kYearsAhead = 10;

Error not_understood(const std::string& why) {
  return {ErrorCode::arguments_invalid, "the calendar cannot be read: " + why, "/ics"};
}

std::int32_t day_of(icaltimetype time) {
  using namespace std::chrono;
  const year_month_day date{year{time.year}, month{static_cast<unsigned>(time.month)},
                            day{static_cast<unsigned>(time.day)}};
  return static_cast<std::int32_t>(sys_days{date}.time_since_epoch().count());
}

// The days of an event from its first on, in its own local time. One without an end takes its first day.
std::int32_t days_taken(icalcomponent* event) {
  const icaltimetype start = icalcomponent_get_dtstart(event);
  const icaltimetype end = icalcomponent_get_dtend(event);
  if (icaltime_is_null_time(end)) return 1;
  const bool ends_at_midnight = end.is_date || (end.hour == 0 && end.minute == 0 && end.second == 0);
  return std::max(1, day_of(end) - day_of(start) + (ends_at_midnight ? 0 : 1));
}

// The first days of a recurring event, by our own engine: libical's recurrence is not trusted.
Result<Days> recurring_days(icalcomponent* event, icalproperty* rule, Instant now) {
  using std::chrono::days;
  const std::int32_t first = day_of(icalcomponent_get_dtstart(event));
  const auto today = static_cast<std::int32_t>(std::chrono::floor<days>(now.time_since_epoch()).count());
  const std::unique_ptr<char, void (*)(void*)> text{icalproperty_get_value_as_string_r(rule), std::free};
  json question{
      {"rrule", text.get()},
      {"tzid", "UTC"},
      {"dtstart", date_text(first)},
      {"limit", kCalendarDaysMax},
      {"exdate", json::array()},
      {"after", to_rfc3339(Instant{days{std::max<std::int64_t>(first, today - 366 * kYearsBack)} - Duration{1}})}};
  for (auto* left_out = icalcomponent_get_first_property(event, ICAL_EXDATE_PROPERTY); left_out != nullptr;
       left_out = icalcomponent_get_next_property(event, ICAL_EXDATE_PROPERTY))
    question["exdate"].push_back(date_text(day_of(icalproperty_get_exdate(left_out))));
  const json answer = answer_slot_question(question.dump(), now);
  if (answer.contains("error")) return not_understood(answer.at("error").value("message", ""));
  Days found;
  for (const auto& next : answer.at("next")) {
    const auto day = day_from(next.get_ref<const std::string&>().substr(0, 10));
    if (day && *day <= today + 366 * kYearsAhead) found.push_back(*day);
  }
  return found;
}

Result<Days> days_of_event(icalcomponent* event, Instant now) {
  if (icaltime_is_null_time(icalcomponent_get_dtstart(event))) return not_understood("an event has no DTSTART");
  Days firsts{day_of(icalcomponent_get_dtstart(event))};
  if (auto* rule = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY)) {
    auto recurring = recurring_days(event, rule, now);
    if (!recurring.ok()) return recurring;
    firsts = std::move(*recurring);
  }
  Days taken;
  const std::int32_t length = days_taken(event);
  for (const auto first : firsts) {
    if (taken.size() + static_cast<std::size_t>(length) > kCalendarDaysMax)
      return Error{ErrorCode::too_large, "a calendar has at most " + std::to_string(kCalendarDaysMax) + " days",
                   "/ics"};
    for (std::int32_t day = first; day < first + length; ++day) taken.push_back(day);
  }
  return taken;
}

}  // namespace

Result<Days> days_of_calendar(const std::string& text, Instant now) {
  const Component parsed{icalparser_parse_string(text.c_str())};
  if (parsed == nullptr) return not_understood("it is not in iCalendar's format");
  icalcomponent* calendar = parsed.get();
  if (icalcomponent_isa(calendar) != ICAL_VCALENDAR_COMPONENT)
    calendar = icalcomponent_get_first_component(calendar, ICAL_VCALENDAR_COMPONENT);
  Days days;
  for (auto* event = calendar == nullptr ? nullptr : icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
       event != nullptr; event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT)) {
    auto taken = days_of_event(event, now);
    if (!taken.ok()) return taken;
    days.insert(days.end(), taken->begin(), taken->end());
  }
  if (days.empty()) return not_understood("there is no event in it");
  return in_order(std::move(days));
}

std::string to_calendar(const std::vector<CalendarEvent>& events, Instant made_at) {
  Component calendar{icalcomponent_new(ICAL_VCALENDAR_COMPONENT)};
  add(calendar.get(), icalproperty_new_version("2.0"));
  const std::string product = "-//Carillon//Carillon " + std::string(kVersion) + "//EN";
  add(calendar.get(), icalproperty_new_prodid(product.c_str()));
  for (const auto& event : events) icalcomponent_add_component(calendar.get(), event_of(event, made_at).release());
  const std::unique_ptr<char, void (*)(void*)> text{icalcomponent_as_ical_string_r(calendar.get()), std::free};
  CARILLON_CHECK(text != nullptr);
  return text.get();
}

}  // namespace carillon::tools
