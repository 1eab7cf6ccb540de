#include "server/domain/ics_days.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "server/domain/ics_text.h"
#include "server/domain/ics_zone.h"
#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"

namespace carillon {
namespace {

using WholeDays = std::chrono::days;

constexpr WholeDays kBack{366}, kAhead{3660};
constexpr std::size_t kOccurrencesMax = 10'000;  // of one rule
constexpr std::size_t kReplacedMax = 100'000;    // looked at in one calendar
constexpr Seconds kWholeDay = WholeDays{1};

// A value of DTSTART and its kin. All of one event are read in the zone of its DTSTART.
struct Reading {
  LocalSeconds local{};
  bool is_date = false;
};

// Occurrences that do not take place: of a date all of that day.
class LeftOut {
 public:
  void add(const std::vector<Reading>& readings) {
    for (const Reading& one : readings) {
      if (one.is_date)
        days_.insert(day_of(one.local));
      else
        times_.insert(one.local);
    }
  }
  bool has(LocalSeconds occurrence) const {
    return times_.count(occurrence) != 0 || days_.count(day_of(occurrence)) != 0;
  }

 private:
  std::set<LocalSeconds> times_;
  std::set<std::int32_t> days_;
};

struct Occurrence {
  LocalSeconds start{};
  Seconds length{};
};

std::vector<std::string_view> pieces_of(std::string_view value) {
  std::vector<std::string_view> pieces;
  while (true) {
    const auto comma = value.find(',');
    pieces.push_back(value.substr(0, comma));
    if (comma == std::string_view::npos) return pieces;
    value.remove_prefix(comma + 1);
  }
}

// P1W, P2D, PT1H30M, P1DT12H; not negative.
std::optional<Seconds> length_from(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (!text.starts_with('P') || text.size() < 3) return std::nullopt;
  std::int64_t total = 0, number = -1;
  bool in_time = false;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      number = std::max<std::int64_t>(number, 0) * 10 + (c - '0');
      if (number > 100'000'000) return std::nullopt;
    } else if (c == 'T' && !in_time && number < 0) {
      in_time = true;
    } else {
      const std::int64_t unit = c == 'W' && !in_time   ? 604'800
                                : c == 'D' && !in_time ? 86'400
                                : c == 'H' && in_time  ? 3600
                                : c == 'M' && in_time  ? 60
                                : c == 'S' && in_time  ? 1
                                                       : 0;
      if (unit == 0 || number < 0) return std::nullopt;
      total += number * unit;
      number = -1;
    }
  }
  return number < 0 ? std::optional{Seconds{total}} : std::nullopt;
}

// One VEVENT.
class Event {
 public:
  static Result<Event> of(const IcsComponent& component, const IcsZones& zones) {
    const auto* start = component.find("DTSTART");
    if (start == nullptr)
      return ics_refusal(component.line, "this event has no DTSTART; write its day, DTSTART;VALUE=DATE:20261225");
    Event event{component, zones};
    auto zone = event.zone_of(*start, start->value);
    if (!zone) return zone.error();
    event.zone_ = *std::move(zone);
    const auto first = event.read(*start, start->value);
    if (!first) return first.error();
    event.first_ = *first;
    const auto length = event.read_length();
    if (!length) return length.error();
    event.length_ = *length;
    return event;
  }

  bool is_cancelled() const {
    const auto* status = component_->find("STATUS");
    return status != nullptr && (status->value == "CANCELLED" || status->value == "cancelled");
  }

  std::string uid() const {
    const auto* uid = component_->find("UID");
    return uid == nullptr ? "" : uid->value;
  }

  // The occurrence that this one replaces, read by the clocks of `master`.
  const IcsProperty* replaces() const { return component_->find("RECURRENCE-ID"); }

  Result<std::vector<Reading>> read_all(const IcsProperty& property) const {
    std::vector<Reading> readings;
    for (const auto piece : pieces_of(property.value)) {
      auto reading = read(property, piece);
      if (!reading) return reading.error();
      readings.push_back(*reading);
    }
    return readings;
  }

  Result<std::vector<Occurrence>> occurrences(LeftOut left_out, Instant now) const {
    for (const auto* property : component_->all("EXDATE")) {
      auto readings = read_all(*property);
      if (!readings) return readings.error();
      left_out.add(*readings);
    }
    if (const auto* old = component_->find("EXRULE"))
      return ics_refusal(old->line, "EXRULE is no longer part of iCalendar; write the days as EXDATE");
    std::vector<Occurrence> all;
    const auto rules = component_->all("RRULE");
    if (rules.empty()) all.push_back({first_.local, length_});
    for (const auto* rule : rules)
      if (auto added = add_recurring(*rule, now, all); !added) return added.error();
    for (const auto* property : component_->all("RDATE"))
      if (auto added = add_dates(*property, all); !added) return added.error();
    std::erase_if(all, [&](const Occurrence& one) { return left_out.has(one.start); });
    return all;
  }

 private:
  Event(const IcsComponent& component, const IcsZones& zones) : component_(&component), zones_(&zones) {}

  Result<std::optional<IcsZone>> zone_of(const IcsProperty& property, std::string_view value) const {
    if (value.ends_with('Z')) return std::optional{zones_->of_utc_times()};
    const auto tzid = property.parameter("TZID");
    if (tzid.empty() || value.size() == 8) return std::optional<IcsZone>{};
    auto zone = zones_->named(tzid, property.line);
    if (!zone) return zone.error();
    return std::optional{*std::move(zone)};
  }

  Result<Reading> read(const IcsProperty& property, std::string_view value) const {
    const auto time = parse_ical_time(value);
    if (!time)
      return ics_refusal(property.line, property.name.substr(0, 60) + " is written 20261225, 20261225T180000 or " +
                                            "20261225T170000Z, not \"" + std::string(value.substr(0, 60)) + "\"");
    const Reading as_written{LocalSeconds{time->since_epoch}, value.size() == 8};
    if (time->form == RuleEnd::Form::utc)
      return Reading{zone_ ? zone_->to_local(UtcSeconds{time->since_epoch}) : as_written.local, false};
    const auto zone = zone_of(property, value);
    if (!zone) return zone.error();
    if (!zone_ || !*zone) return as_written;
    return Reading{zone_->to_local((*zone)->to_utc(as_written.local)), false};
  }

  Result<Seconds> read_length() const {
    const auto* end = component_->find("DTEND");
    const auto* duration = component_->find("DURATION");
    if (end == nullptr && duration == nullptr) return first_.is_date ? kWholeDay : Seconds{0};
    if (end == nullptr) {
      const auto length = length_from(duration->value);
      if (!length) return ics_refusal(duration->line, "DURATION is written P1D, PT1H30M or P1W");
      return *length;
    }
    const auto last = read(*end, end->value);
    if (!last) return last.error();
    if (last->local < first_.local)
      return ics_refusal(end->line, "DTEND lies before DTSTART; it is the first moment after the event");
    return last->local - first_.local;
  }

  Status add_recurring(const IcsProperty& property, Instant now, std::vector<Occurrence>& all) const {
    auto rule = parse_rrule(property.value);
    if (!rule) return ics_refusal(property.line, "RRULE: " + rule.error().message);
    if (zone_ && rule->until && rule->until->form == RuleEnd::Form::utc)
      rule->until->since_epoch = zone_->to_local(UtcSeconds{rule->until->since_epoch}).time_since_epoch();
    // Expanded by the clock on the wall: what changes of clocks do to an occurrence moves none to another day.
    RuleTrigger trigger{ScheduleKind::rrule, *std::move(rule), first_.local};
    const auto end = counted_end(trigger.rule, trigger.start, Zone::utc());
    if (end.too_many) return ics_refusal(property.line, "COUNT is too large to be counted out; use UNTIL");
    trigger.last = end.last;
    const Schedule schedule{{}, "UTC", {Trigger{std::move(trigger), "UTC", DstGap::shift, DstOverlap::first}}, {}, {}};
    const Instant from = std::max(Instant{first_.local.time_since_epoch()}, now - kBack) - Duration{1};
    const auto slots = next_slots(schedule, from, kOccurrencesMax);
    for (const auto& slot : slots) {
      if (slot.at > now + kAhead) return Done{};
      all.push_back({LocalSeconds{std::chrono::floor<Seconds>(slot.at.time_since_epoch())}, length_});
    }
    if (slots.size() < kOccurrencesMax) return Done{};
    return ics_refusal(property.line, "the event recurs more than " + std::to_string(kOccurrencesMax) +
                                          " times in ten years; days need no rule below DAILY");
  }

  // Dates, times, and periods: a start with an end or a duration.
  Status add_dates(const IcsProperty& property, std::vector<Occurrence>& all) const {
    for (const auto piece : pieces_of(property.value)) {
      const auto slash = piece.find('/');
      const auto start = read(property, piece.substr(0, slash));
      if (!start) return start.error();
      Occurrence occurrence{start->local, length_};
      // A date among times is the event's time on that day.
      if (start->is_date && !first_.is_date)
        occurrence.start += first_.local.time_since_epoch() - day_of(first_.local) * kWholeDay;
      if (slash != std::string_view::npos) {
        const auto rest = piece.substr(slash + 1);
        const auto length = length_from(rest);
        const auto end = length ? Result<Reading>{Reading{start->local + *length, false}} : read(property, rest);
        if (!end) return end.error();
        if (end->local < start->local) return ics_refusal(property.line, "a period of RDATE ends before it begins");
        occurrence.length = end->local - start->local;
      }
      all.push_back(occurrence);
    }
    return Done{};
  }

  const IcsComponent* component_;
  const IcsZones* zones_;
  std::optional<IcsZone> zone_{};  // none: a date, or nobody's local time
  Reading first_{};
  Seconds length_{};
};

Error too_many() {
  return {ErrorCode::too_large, "a calendar has at most " + std::to_string(kCalendarDaysMax) + " days", "/ics"};
}

Status add_days(const std::vector<Occurrence>& occurrences, Days& days) {
  for (const auto& one : occurrences) {
    const std::int32_t first = day_of(one.start),
                       last = day_of(one.start + std::max(one.length - Seconds{1}, Seconds{0}));
    if (static_cast<std::size_t>(last - first) >= kCalendarDaysMax) return too_many();
    for (auto day = first; day <= last; ++day) days.push_back(day);
    if (days.size() > 2 * kCalendarDaysMax) days = in_order(std::move(days));
    if (days.size() > kCalendarDaysMax && in_order(days).size() > kCalendarDaysMax) return too_many();
  }
  return Done{};
}

using Replacements = std::multimap<std::string, const IcsProperty*>;  // by UID

Result<Replacements> replacements_of(const std::vector<Event>& events) {
  Replacements replacements;
  for (const auto& event : events) {
    const auto* which = event.replaces();
    if (which == nullptr) continue;
    if (which->parameter("RANGE") == "THISANDFUTURE")
      return ics_refusal(which->line,
                         "RANGE=THISANDFUTURE is not read; end the old event with UNTIL and write the new one as an "
                         "event of its own");
    replacements.emplace(event.uid(), which);
  }
  return replacements;
}

// What others with its UID replace of an event, by its clocks.
Result<LeftOut> replaced(const Event& event, const Replacements& replacements) {
  LeftOut left_out;
  if (event.replaces() != nullptr) return left_out;
  const auto [begin, end] = replacements.equal_range(event.uid());
  for (auto each = begin; each != end; ++each) {
    auto readings = event.read_all(*each->second);
    if (!readings) return readings.error();
    left_out.add(*readings);
  }
  return left_out;
}

Result<std::vector<Event>> events_of(const IcsComponent& calendar, const IcsZones& zones) {
  std::vector<Event> events;
  for (const auto& component : calendar.components) {
    if (component.name != "VEVENT") continue;
    auto event = Event::of(component, zones);
    if (!event) return event.error();
    events.push_back(*std::move(event));
  }
  return events;
}

Status add_calendar(const IcsComponent& calendar, Instant now, Days& days) {
  const auto zones = IcsZones::of(calendar);
  if (!zones) return zones.error();
  const auto events = events_of(calendar, *zones);
  if (!events) return events.error();
  const auto replacements = replacements_of(*events);
  if (!replacements) return replacements.error();
  std::size_t looked_at = 0;
  for (const auto& event : *events) {
    if (event.is_cancelled()) continue;
    looked_at += event.replaces() != nullptr ? 0 : replacements->count(event.uid());
    if (looked_at > kReplacedMax)
      return Error{ErrorCode::too_large, "too many events have one UID and replace its occurrences; give each its own",
                   "/ics"};
    auto left_out = replaced(event, *replacements);
    if (!left_out) return left_out.error();
    const auto occurrences = event.occurrences(*std::move(left_out), now);
    if (!occurrences) return occurrences.error();
    if (auto added = add_days(*occurrences, days); !added) return added;
  }
  return Done{};
}

}  // namespace

Result<Days> days_of_ics(std::string_view text, Instant now) {
  const auto calendars = parse_ics(text);
  if (!calendars) return calendars.error();
  Days days;
  for (const auto& calendar : *calendars)
    if (auto added = add_calendar(calendar, now, days); !added) return added.error();
  if (days.empty())
    return ics_refusal(
        calendars->front().line,
        "no event of this calendar takes place; it needs a VEVENT that is not cancelled and not long over");
  return in_order(std::move(days));
}

Result<Days> with_days_of_ics(Days days, std::string_view text, Instant now) {
  const auto more = days_of_ics(text, now);
  if (!more) return more.error();
  days.insert(days.end(), more->begin(), more->end());
  return in_order(std::move(days));
}

}  // namespace carillon
