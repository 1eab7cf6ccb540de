#include "server/domain/ics_zone.h"

#include <algorithm>
#include <optional>

#include "server/domain/schedule/slot_source.h"

namespace carillon {
namespace {

// STANDARD or DAYLIGHT: from each of its onsets on clocks differ from UTC by `after`.
struct IcsObservance {
  Seconds before{}, after{};
  LocalSeconds first{};  // onset, by the clocks of before
  std::vector<LocalSeconds> more{};
  std::vector<RuleTrigger> rules{};
};

// Changes of clocks by rules are worked out for these years; before and after them clocks stay as they are. Clocks
// change some times a year: a zone of more changes is none.
constexpr std::chrono::sys_days kFirstYearOfRules = std::chrono::January / 1 / 1900,
                                kLastYearOfRules = std::chrono::January / 1 / 2200;
constexpr std::size_t kChangesMax = 5'000;

// "Europe/Berlin" of "/freeassociation.sourceforge.net/Europe/Berlin".
std::optional<Zone> zone_behind(std::string_view name) {
  while (!name.empty()) {
    if (name.find("local") != 0)
      if (const auto zone = Zone::named(name)) return zone;
    const auto slash = name.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    name.remove_prefix(slash + 1);
  }
  return std::nullopt;
}

// +0100 or +013000
std::optional<Seconds> offset_from(std::string_view text) {
  if ((text.size() != 5 && text.size() != 7) || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::int64_t parts[3]{};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    auto& part = parts[(i - 1) / 2];
    part = part * 10 + (text[i] - '0');
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  const Seconds offset{parts[0] * 3600 + parts[1] * 60 + parts[2]};
  return text[0] == '-' ? -offset : offset;
}

Result<Seconds> offset_of(const IcsComponent& observance, std::string_view name) {
  const auto* property = observance.find(name);
  if (property == nullptr)
    return ics_refusal(observance.line, observance.name + " has no " + std::string(name) + "; write one such as +0100");
  const auto offset = offset_from(property->value);
  if (!offset) return ics_refusal(property->line, std::string(name) + " is written +0100");
  return *offset;
}

Result<std::vector<LocalSeconds>> onsets_of(const IcsComponent& observance, std::string_view name) {
  std::vector<LocalSeconds> onsets;
  for (const auto* property : observance.all(name)) {
    std::string_view rest = property->value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      const auto time = parse_ical_time(rest.substr(0, comma));
      if (!time) return ics_refusal(property->line, std::string(name) + " is written 20261025T030000");
      onsets.emplace_back(time->since_epoch);
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  return onsets;
}

Result<RuleTrigger> rule_of(const IcsProperty& property, const IcsObservance& observance) {
  auto rule = parse_rrule(property.value);
  if (!rule) return ics_refusal(property.line, "RRULE: " + rule.error().message);
  if (rule->until && rule->until->form == RuleEnd::Form::utc) rule->until->since_epoch += observance.before;
  RuleTrigger trigger{ScheduleKind::rrule, *std::move(rule), observance.first};
  const auto end = counted_end(trigger.rule, trigger.start, Zone::utc());
  if (end.too_many) return ics_refusal(property.line, "COUNT is too large for a change of clocks; use UNTIL");
  trigger.last = end.last;
  return trigger;
}

Result<IcsObservance> observance_of(const IcsComponent& component) {
  const auto before = offset_of(component, "TZOFFSETFROM"), after = offset_of(component, "TZOFFSETTO");
  for (const auto* offset : {&before, &after})
    if (!*offset) return offset->error();
  const auto first = onsets_of(component, "DTSTART");
  auto more = onsets_of(component, "RDATE");
  for (const auto* onsets : {&first, &std::as_const(more)})
    if (!*onsets) return onsets->error();
  if (first->empty()) return ics_refusal(component.line, component.name + " has no DTSTART; write when it began");
  IcsObservance observance{*before, *after, first->front(), *std::move(more)};
  for (const auto* property : component.all("RRULE")) {
    auto rule = rule_of(*property, observance);
    if (!rule) return rule.error();
    observance.rules.push_back(*std::move(rule));
  }
  return observance;
}

Result<std::vector<IcsObservance>> observances_of(const IcsComponent& timezone) {
  std::vector<IcsObservance> observances;
  for (const auto& component : timezone.components) {
    if (component.name != "STANDARD" && component.name != "DAYLIGHT") continue;
    auto observance = observance_of(component);
    if (!observance) return observance.error();
    observances.push_back(*std::move(observance));
  }
  if (observances.empty())
    return ics_refusal(timezone.line, "VTIMEZONE has no STANDARD; write one with its TZOFFSETTO");
  return observances;
}

// When clocks are to be put to `after`, by the clocks of before.
std::vector<LocalSeconds> onsets_of(const IcsObservance& observance) {
  std::vector<LocalSeconds> onsets = observance.more;
  onsets.push_back(observance.first);
  for (const auto& rule : observance.rules) {
    const Schedule schedule{{}, "UTC", {Trigger{rule, "UTC", DstGap::shift, DstOverlap::first}}, {}, {}};
    for (const auto& slot : next_slots(schedule, Instant{kFirstYearOfRules} - Duration{1}, kChangesMax + 1)) {
      if (slot.at >= Instant{kLastYearOfRules}) break;
      onsets.emplace_back(std::chrono::floor<Seconds>(slot.at.time_since_epoch()));
    }
    if (onsets.size() > kChangesMax) break;
  }
  return onsets;
}

Result<IcsZone> zone_of(const IcsComponent& timezone) {
  const auto observances = observances_of(timezone);
  if (!observances) return observances.error();
  std::map<UtcSeconds, Seconds> changes;
  for (const auto& observance : *observances) {
    // What is said first stands where two changes coincide.
    for (const auto onset : onsets_of(observance))
      changes.emplace(UtcSeconds{onset.time_since_epoch() - observance.before}, observance.after);
    if (changes.size() > kChangesMax)
      return ics_refusal(timezone.line, "this VTIMEZONE changes its clocks more than " + std::to_string(kChangesMax) +
                                            " times; write its rules by the year");
  }
  const auto earliest = std::min_element(observances->begin(), observances->end(),
                                         [](const auto& one, const auto& other) { return one.first < other.first; });
  return IcsZone{earliest->before, std::move(changes)};
}

}  // namespace

Seconds IcsZone::offset_at(UtcSeconds instant) const {
  if (changes_.empty()) return zone_.offset_at(instant);
  const auto next = changes_.upper_bound(instant);
  return next == changes_.begin() ? before_ : std::prev(next)->second;
}

UtcSeconds IcsZone::to_utc(LocalSeconds local) const {
  const UtcSeconds as_if{local.time_since_epoch()};
  const UtcSeconds by_before = as_if - offset_at(as_if - std::chrono::days{1});
  if (to_local(by_before) == local) return by_before;
  const UtcSeconds by_after = as_if - offset_at(as_if + std::chrono::days{1});
  return to_local(by_after) == local ? by_after : by_before;
}

Result<IcsZones> IcsZones::of(const IcsComponent& calendar) {
  IcsZones zones;
  for (const auto& timezone : calendar.components) {
    const auto* name = timezone.name == "VTIMEZONE" ? timezone.find("TZID") : nullptr;
    if (name == nullptr) continue;
    const auto* location = timezone.find("X-LIC-LOCATION");
    auto known = zone_behind(name->value);
    if (!known && location != nullptr) known = zone_behind(location->value);
    if (known) {
      zones.zones_.insert_or_assign(name->value, IcsZone{*known});
      continue;
    }
    auto zone = zone_of(timezone);
    if (!zone) return zone.error();
    zones.zones_.insert_or_assign(name->value, *std::move(zone));
  }
  const auto* of_calendar = calendar.find("X-WR-TIMEZONE");
  if (of_calendar != nullptr)
    if (const auto zone = zone_behind(of_calendar->value)) zones.of_utc_times_ = IcsZone{*zone};
  return zones;
}

Result<IcsZone> IcsZones::named(std::string_view tzid, std::size_t line) const {
  if (const auto found = zones_.find(tzid); found != zones_.end()) return found->second;
  if (const auto zone = zone_behind(tzid)) return IcsZone{*zone};
  return ics_refusal(line,
                     "TZID " + std::string(tzid.substr(0, 60)) +
                         " is no IANA zone, and the calendar has no VTIMEZONE of that name; write Europe/Berlin or "
                         "the like, or add the VTIMEZONE");
}

}  // namespace carillon
