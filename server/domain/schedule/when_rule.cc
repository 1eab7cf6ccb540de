// Phrases in other people's languages: cron lines and iCalendar rules with DTSTART, RDATE and EXDATE.
#include <algorithm>
#include <array>

#include "server/base/ascii.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kDatesMax = 300;  // of each kind: what fits into the longest text

bool use_zone(WhenCursor& cursor, Part name) {
  auto zone = find_zone(name.text, "/when");
  if (zone) {
    cursor.set_zone(*zone, lower_case(name.text) == "local" ? "local" : zone->name());
    return true;
  }
  refuse_moved(cursor, zone.error(), name.position);
  return false;
}

// One line of an iCalendar recurrence: NAME[;TZID=zone][;VALUE=DATE]:value, or a bare rule.
struct RuleLine {
  std::string name;
  Part whole, value;
  std::optional<Part> zone{};
};

constexpr auto kLineNames = std::to_array<std::string_view>({"RRULE", "DTSTART", "RDATE", "EXDATE"});

std::optional<Done> take_parameter(WhenCursor& cursor, RuleLine& line, Part parameter) {
  const auto equals = std::min(parameter.text.find('='), parameter.text.size());
  const std::string name = upper_case(parameter.text.substr(0, equals));
  const Part value = parameter.from(std::min(equals + 1, parameter.text.size()));
  const std::string kind = upper_case(value.text);
  if (name == "TZID" && line.name != "RRULE") {
    line.zone = value;
    return Done{};
  }
  // How a date is written says what it is.
  if (name == "VALUE" && line.name != "RRULE" && (kind == "DATE" || kind == "DATE-TIME")) return Done{};
  return cursor.refuse(refuse_at(parameter.position, line.name + " takes no " + in_quotes(parameter.text) +
                                                         ": TZID=zone and VALUE=DATE are known here"));
}

std::optional<RuleLine> line_of(WhenCursor& cursor, Part text) {
  const auto colon = text.text.find(':');
  Part head{text.text.substr(0, std::min(colon, text.text.size())), text.position};
  const auto name_end = std::min(head.text.find(';'), head.text.size());
  RuleLine line{upper_case(head.text.substr(0, name_end)), text, text};
  const bool named =
      colon != std::string_view::npos && std::find(kLineNames.begin(), kLineNames.end(), line.name) != kLineNames.end();
  if (!named) {
    line.name = "RRULE";
    return line;
  }
  line.value = text.from(colon + 1);
  for (Part rest = head.from(name_end); !rest.text.empty();) {
    const Part parameters = rest.from(1);
    const auto end = std::min(parameters.text.find(';'), parameters.text.size());
    if (!take_parameter(cursor, line, {parameters.text.substr(0, end), parameters.position})) return std::nullopt;
    rest = parameters.from(end);
  }
  return line;
}

struct RuleParts {
  std::optional<RecurrenceRule> rule;
  std::optional<LocalSeconds> start;
  std::vector<IcalTime> exdates, rdates;
};

std::optional<IcalTime> take_ical_time(WhenCursor& cursor, const RuleLine& line, Part text) {
  auto time = parse_ical_time(text.text);
  if (!time)
    return cursor.refuse(
        refuse_at(text.position, line.name + " is written 20261124T100000, not " + in_quotes(text.text)));
  if (time->form == RuleEnd::Form::utc && line.zone)
    return cursor.refuse(refuse_at(line.zone->position, "a time that ends with Z is UTC and takes no TZID"));
  return time;
}

// Dates are kept as they are written; those of another zone than the rule's as instants.
bool take_dates(WhenCursor& cursor, const RuleLine& line, std::vector<IcalTime>& out) {
  const auto zone = line.zone ? find_zone(line.zone->text, "/when") : Result<Zone>{cursor.zone()};
  if (!zone) {
    refuse_moved(cursor, zone.error(), line.zone->position);
    return false;
  }
  for (std::size_t begin = 0; begin <= line.value.text.size();) {
    const auto comma = std::min(line.value.text.find(',', begin), line.value.text.size());
    auto time =
        take_ical_time(cursor, line, {line.value.text.substr(begin, comma - begin), line.value.position + begin});
    if (!time) return false;
    if (time->form == RuleEnd::Form::local && zone->name() != cursor.zone().name())
      time = IcalTime{instant_of(*zone, *time).time_since_epoch(), RuleEnd::Form::utc};
    out.push_back(*time);
    begin = comma + 1;
  }
  if (out.size() <= kDatesMax) return true;
  cursor.refuse(refuse_at(line.whole.position, line.name + " takes at most 300 dates"));
  return false;
}

// The start's zone is the zone of the whole rule, and a start in UTC makes it a rule in UTC (RFC 5545 3.3.5, form 2).
bool take_start(WhenCursor& cursor, const RuleLine& line, RuleParts& parts) {
  if (parts.start) {
    cursor.refuse(refuse_at(line.whole.position, "DTSTART occurs twice"));
    return false;
  }
  if (line.zone && !use_zone(cursor, *line.zone)) return false;
  const auto time = take_ical_time(cursor, line, line.value);
  if (!time) return false;
  if (time->form == RuleEnd::Form::utc) cursor.set_zone(Zone::utc(), "UTC");
  parts.start = LocalSeconds{time->since_epoch};
  return true;
}

bool take_line(WhenCursor& cursor, const RuleLine& line, RuleParts& parts) {
  if (line.name == "EXDATE") return take_dates(cursor, line, parts.exdates);
  if (line.name == "RDATE") return take_dates(cursor, line, parts.rdates);
  if (line.name == "DTSTART") return take_start(cursor, line, parts);
  if (parts.rule) {
    cursor.refuse(refuse_at(line.whole.position, "give one rule; several are joined with \" or \""));
    return false;
  }
  auto rule = parse_rrule(line.value.text);
  if (!rule) {
    refuse_moved(cursor, rule.error(), line.value.position);
    return false;
  }
  parts.rule = *std::move(rule);
  return true;
}

}  // namespace

std::optional<Triggers> parse_cron_phrase(WhenCursor& cursor, Part line) {
  const std::string head = upper_case(line.text.substr(0, 8));
  const std::size_t prefix = head.starts_with("CRON_TZ=") ? 8 : head.starts_with("TZ=") ? 3 : 0;
  if (prefix > 0) {
    const auto end = std::min(line.text.find_first_of(" \t"), line.text.size());
    if (!use_zone(cursor, {line.text.substr(prefix, end - prefix), line.position + prefix})) return std::nullopt;
    line = line.from(end);
  }
  auto cron = parse_cron(line.text);
  if (!cron) return refuse_moved(cursor, cron.error(), line.position);
  return Triggers{trigger_of(cursor, CronTrigger{*std::move(cron)})};
}

std::optional<Triggers> parse_rule_phrase(WhenCursor& cursor, Part text) {
  std::vector<RuleLine> lines;
  for (Part rest = trimmed(text); !rest.text.empty();) {
    const auto line = line_of(cursor, take_first_word(rest));
    if (!line) return std::nullopt;
    lines.push_back(*line);
  }
  // DTSTART first: its zone is the one in which the other dates are read.
  std::stable_partition(lines.begin(), lines.end(), [](const RuleLine& line) { return line.name == "DTSTART"; });
  RuleParts parts;
  for (const auto& line : lines)
    if (!take_line(cursor, line, parts)) return std::nullopt;
  if (!parts.rule) return cursor.refuse(refuse_at(text.position, "a rule such as FREQ=WEEKLY;BYDAY=MO is missing"));

  RuleTrigger trigger{ScheduleKind::rrule, *parts.rule,
                      parts.start ? *parts.start : default_start(cursor.local_now(), *parts.rule)};
  trigger.exdates = std::move(parts.exdates);
  trigger.rdates = std::move(parts.rdates);
  const auto end = counted_end(trigger.rule, trigger.start, cursor.zone());
  if (end.too_many)
    return cursor.refuse(refuse_at(text.position, "COUNT is too large to be counted out for this rule: use UNTIL"));
  trigger.last = end.last;
  trigger.anchored = parts.start || trigger.rule.interval > 1 || trigger.rule.count || trigger.rule.below_a_day();
  return Triggers{trigger_of(cursor, std::move(trigger))};
}

}  // namespace carillon
