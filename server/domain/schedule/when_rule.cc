// Phrases in other people's languages: cron lines and iCalendar rules with DTSTART, RDATE and EXDATE.
#include <algorithm>

#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/when_words.h"

namespace carillon {
namespace {

constexpr std::size_t kDatesMax = 1000;

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// Moves a refusal of a part to its place in the whole text.
Error moved(Error error, std::size_t by) {
  if (error.details.contains("position")) error.details["position"] = error.details["position"].get<std::size_t>() + by;
  error.pointer = "/when";
  return error;
}

bool use_zone(WhenCursor& cursor, std::string_view name, std::size_t position) {
  auto zone = find_zone(name, "/when");
  if (zone) {
    cursor.set_zone(*zone, zone->name());
    return true;
  }
  Error error = zone.error();
  error.details["position"] = position;
  cursor.refuse(std::move(error));
  return false;
}

// One line of an iCalendar recurrence: NAME[;TZID=zone]:value, or a bare rule.
struct Line {
  std::string name;
  std::string_view zone, value;
  std::size_t position, value_position;
};

Line line_of(std::string_view text, std::size_t position) {
  const auto colon = text.find(':');
  const std::string_view head = text.substr(0, colon);
  const auto semicolon = head.find(';');
  Line line{upper_case(head.substr(0, semicolon)), {}, text, position, position};
  const bool named = colon != std::string_view::npos &&
                     (line.name == "RRULE" || line.name == "DTSTART" || line.name == "RDATE" || line.name == "EXDATE");
  if (!named) {
    line.name = "RRULE";
    return line;
  }
  line.value = text.substr(colon + 1);
  line.value_position = position + colon + 1;
  if (semicolon != std::string_view::npos && upper_case(head.substr(semicolon + 1, 5)) == "TZID=")
    line.zone = head.substr(semicolon + 6);
  return line;
}

struct RuleParts {
  std::optional<RecurrenceRule> rule;
  std::optional<LocalSeconds> start;
  std::vector<LocalSeconds> exdates, rdates;
};

std::optional<LocalSeconds> take_ical_time(WhenCursor& cursor, const Line& line, std::string_view text,
                                           std::size_t position) {
  const auto time = parse_ical_time(text);
  if (!time)
    return cursor.refuse(refuse_at(position, line.name + " is written 20261124T100000, not " + in_quotes(text)));
  if (time->form == RuleEnd::Form::utc) return cursor.zone().to_local(UtcSeconds{time->since_epoch});
  const LocalSeconds local{time->since_epoch};
  if (line.zone.empty()) return local;
  const auto zone = find_zone(line.zone, "/when");
  if (!zone) return cursor.refuse(moved(zone.error(), 0));
  return cursor.zone().to_local(instant_of(*zone, local));
}

bool take_dates(WhenCursor& cursor, const Line& line, std::vector<LocalSeconds>& out) {
  for (std::size_t begin = 0; begin <= line.value.size();) {
    const auto comma = std::min(line.value.find(',', begin), line.value.size());
    const auto time =
        take_ical_time(cursor, line, line.value.substr(begin, comma - begin), line.value_position + begin);
    if (!time) return false;
    out.push_back(*time);
    begin = comma + 1;
  }
  if (out.size() <= kDatesMax) return true;
  cursor.refuse(refuse_at(line.position, line.name + " takes at most 1000 dates"));
  return false;
}

bool take_line(WhenCursor& cursor, const Line& line, RuleParts& parts) {
  if (line.name == "EXDATE") return take_dates(cursor, line, parts.exdates);
  if (line.name == "RDATE") return take_dates(cursor, line, parts.rdates);
  if (line.name == "DTSTART") {
    // The start's zone is the zone of the whole rule.
    if (!line.zone.empty() && !use_zone(cursor, line.zone, line.position)) return false;
    const Line local{line.name, {}, line.value, line.position, line.value_position};
    parts.start = take_ical_time(cursor, local, line.value, line.value_position);
    return parts.start.has_value();
  }
  if (parts.rule) {
    cursor.refuse(refuse_at(line.position, "give one rule; several are joined with \" or \""));
    return false;
  }
  auto rule = parse_rrule(line.value);
  if (!rule) {
    cursor.refuse(moved(rule.error(), line.value_position));
    return false;
  }
  parts.rule = *std::move(rule);
  return true;
}

// A rule without DTSTART starts at the next full minute, or second when it speaks of seconds.
LocalSeconds default_start(const WhenCursor& cursor, const RecurrenceRule& rule) {
  const LocalSeconds next = cursor.local_now() + Seconds{1};
  if (rule.frequency == Frequency::secondly || !rule.by_second.empty()) return next;
  return std::chrono::ceil<std::chrono::minutes>(next);
}

}  // namespace

std::optional<Triggers> parse_cron_phrase(WhenCursor& cursor, std::string_view line, std::size_t position) {
  const std::string head = upper_case(line.substr(0, 8));
  const std::size_t prefix = head.starts_with("CRON_TZ=") ? 8 : head.starts_with("TZ=") ? 3 : 0;
  if (prefix > 0) {
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    if (!use_zone(cursor, line.substr(prefix, end - prefix), position + prefix)) return std::nullopt;
    line.remove_prefix(end);
    position += end;
  }
  auto cron = parse_cron(line);
  if (!cron) return cursor.refuse(moved(cron.error(), position));
  return Triggers{trigger_of(cursor, CronTrigger{*std::move(cron)})};
}

std::optional<Triggers> parse_rule_phrase(WhenCursor& cursor, std::string_view text, std::size_t position) {
  RuleParts parts;
  std::vector<Line> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    if (end > begin) lines.push_back(line_of(text.substr(begin, end - begin), position + begin));
    begin = end + 1;
  }
  // DTSTART first: its zone is the one in which the other dates are read.
  std::stable_partition(lines.begin(), lines.end(), [](const Line& line) { return line.name == "DTSTART"; });
  for (const auto& line : lines)
    if (!take_line(cursor, line, parts)) return std::nullopt;
  if (!parts.rule) return cursor.refuse(refuse_at(position, "a rule such as FREQ=WEEKLY;BYDAY=MO is missing"));

  RuleTrigger trigger{ScheduleKind::rrule, *parts.rule,
                      parts.start ? *parts.start : default_start(cursor, *parts.rule)};
  trigger.exdates = std::move(parts.exdates);
  trigger.rdates = std::move(parts.rdates);
  const auto end = counted_end(trigger.rule, trigger.start, cursor.zone());
  if (end.too_many)
    return cursor.refuse(refuse_at(position, "COUNT is too large to be counted out for this rule: use UNTIL"));
  trigger.last = end.last;
  trigger.anchored = parts.start || trigger.rule.interval > 1 || trigger.rule.count || trigger.rule.below_a_day();
  return Triggers{trigger_of(cursor, std::move(trigger))};
}

}  // namespace carillon
