// parse_when: which form a text has, several joined by `or`, and what every refusal carries.
#include <algorithm>

#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kTextBytesMax = 4000;
constexpr std::size_t kTriggersMax = 20;

struct Part {
  std::string_view text;
  std::size_t position;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Part trimmed(Part part) {
  while (!part.text.empty() && is_space(part.text.front())) {
    part.text.remove_prefix(1);
    ++part.position;
  }
  while (!part.text.empty() && is_space(part.text.back())) part.text.remove_suffix(1);
  return part;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::vector<Part> split_alternatives(std::string_view text) {
  const std::string lower = lower_case(text);
  std::vector<Part> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at + 4 <= lower.size(); ++at) {
    const bool joins = is_space(lower[at]) && lower[at + 1] == 'o' && lower[at + 2] == 'r' && is_space(lower[at + 3]);
    if (!joins) continue;
    parts.push_back(trimmed({text.substr(begin, at - begin), begin}));
    begin = at + 4;
    at += 2;
  }
  parts.push_back(trimmed({text.substr(begin), begin}));
  return parts;
}

// "every six hours (rrule FREQ=...)": what stands in the parentheses is meant, the rest is for people.
Part without_explanation(Part part) {
  if (!part.text.ends_with(')')) return part;
  const auto open = part.text.rfind('(');
  if (open == std::string_view::npos) return part;
  const std::string inside = lower_case(part.text.substr(open + 1, 8));
  if (!inside.starts_with("rrule ") && !inside.starts_with("cron ")) return part;
  return {part.text.substr(open + 1, part.text.size() - open - 2), part.position + open + 1};
}

// Five or six fields of which the first ones can only be cron's.
bool looks_like_cron(std::string_view text) {
  if (text.starts_with('@') || text.find('*') != std::string_view::npos) return true;
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find_first_of(" \t", begin), text.size());
    if (end > begin) fields.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (fields.size() < 5 || fields.size() > 6) return false;
  return std::all_of(fields.begin(), fields.begin() + 2,
                     [](std::string_view field) {
                       return field.find_first_not_of("0123456789*,/-") == std::string_view::npos;
                     }) &&
         text.find(':') == std::string_view::npos;
}

bool looks_like_zone(std::string_view word) {
  if (word == "utc" || word == "gmt" || word == "local") return true;
  return word.find('/') != std::string_view::npos && word[0] >= 'a' && word[0] <= 'z';
}

// A zone at the end, "in Europe/Berlin" or alone, is the zone of this phrase.
bool take_zone(WhenCursor& cursor) {
  if (cursor.size() < 2) return true;
  const Word last = cursor.word(cursor.size() - 1);
  if (!looks_like_zone(last.lower)) return true;
  auto zone = find_zone(last.text, "/when");
  if (!zone) {
    Error error = zone.error();
    error.details["position"] = last.position;
    cursor.refuse(std::move(error));
    return false;
  }
  const bool with_in = cursor.size() > 2 && cursor.word(cursor.size() - 2).lower == "in";
  cursor.drop_last(with_in ? 2 : 1);
  cursor.set_zone(*zone, last.lower == "local" ? "local" : zone->name());
  return true;
}

// Forms that the rest of the product cannot run are refused by name, not misunderstood.
bool refuse_not_offered(WhenCursor& cursor) {
  const std::string_view first = cursor.peek(), second = cursor.peek(1);
  std::string form;
  if (first == "on" && (second == "event" || second == "webhook")) form = "on " + std::string(second);
  if (first == "after" || first == "when") form = std::string(first) + " ...";
  if (form.empty()) return false;
  cursor.refuse_here(
      "triggers of the form \"" + form + "\" are not offered here; a task starts at a time, on a rhythm, or by hand",
      {"in 20m", "tomorrow 9am", "every 15m", "weekdays at 09:00", "cron 0 9 * * 1-5", "manual"});
  return true;
}

// A number or a time alone says neither when nor how often.
bool refuse_bare(WhenCursor& cursor) {
  const std::size_t mark = cursor.mark();
  const std::string text(cursor.text());
  if (take_span(cursor) && cursor.at_end()) {
    cursor.back_to(mark);
    cursor.ambiguous(in_quotes(text) + " could be a delay or a repeat", {"in " + text, "every " + text});
    return true;
  }
  cursor.back_to(mark);
  cursor.take("at");
  if (!looks_like_time(cursor.peek())) {
    cursor.back_to(mark);
    return false;
  }
  const std::string word(cursor.take_word());
  const bool half = cursor.take_any({"am", "pm"});
  if (!cursor.at_end()) {
    cursor.back_to(mark);
    return false;
  }
  const bool bare_number = !half && word.find_first_not_of("0123456789") == std::string::npos;
  const std::string time = half ? std::string(cursor.text().substr(
                                      cursor.text().find(cursor.word(mark + (cursor.word(mark).lower == "at")).text)))
                                : word;
  cursor.back_to(mark);
  if (bare_number) {
    const std::string clock = (word.size() == 1 ? "0" : "") + word + ":00";
    cursor.ambiguous(in_quotes(text) + " could be a time of day, a delay or a repeat",
                     {"tomorrow " + clock, "every day at " + clock, "in " + word + "m", "every " + word + "m"});
  } else {
    cursor.ambiguous(in_quotes(text) + " could be once or every day",
                     {"today " + time, "tomorrow " + time, "every day at " + time});
  }
  return true;
}

std::optional<Triggers> parse_words(WhenCursor& cursor) {
  if (!take_zone(cursor) || refuse_not_offered(cursor)) return std::nullopt;
  if (cursor.take("manual")) return Triggers{trigger_of(cursor, ManualTrigger{})};
  if (cursor.take("in")) return parse_relative(cursor);
  if (cursor.take_any({"every", "each"})) return parse_every(cursor);
  if (begins_before(cursor)) return parse_before(cursor);
  if (begins_calendar(cursor)) return parse_calendar(cursor);
  if (refuse_bare(cursor)) return std::nullopt;
  return parse_absolute(cursor);
}

Result<Triggers> parse_alternative(Part part, const WhenContext& context, Zone zone) {
  part = without_explanation(part);
  WhenCursor cursor{part.text, part.position, context, zone};
  if (part.text.empty())
    cursor.refuse_here("a trigger is missing here",
                       {"weekdays at 09:00", "every 15m", "tomorrow 9am", "in 20m", "manual"});
  const std::string lower = lower_case(part.text);
  const auto rest = [&](std::size_t skip) { return trimmed({part.text.substr(skip), part.position + skip}); };
  std::optional<Triggers> triggers;
  if (lower.starts_with("cron ")) {
    triggers = parse_cron_phrase(cursor, rest(5).text, rest(5).position);
  } else if (lower.starts_with("cron_tz=") || lower.starts_with("tz=") || looks_like_cron(part.text)) {
    triggers = parse_cron_phrase(cursor, part.text, part.position);
  } else if (lower.starts_with("rrule ")) {
    triggers = parse_rule_phrase(cursor, rest(6).text, rest(6).position);
  } else if (lower.starts_with("freq=") || lower.starts_with("rrule:") || lower.starts_with("dtstart")) {
    triggers = parse_rule_phrase(cursor, part.text, part.position);
  } else if (!cursor.refused()) {
    triggers = parse_words(cursor);
    if (triggers && !cursor.at_end()) cursor.not_understood();
  }
  if (cursor.refused() || !triggers) return cursor.error();
  return *std::move(triggers);
}

// A schedule that will never start anything is refused, with the reason that fits.
std::optional<Error> refuse_barren(const Schedule& schedule, Instant now) {
  if (schedule.kind() == ScheduleKind::manual) return std::nullopt;
  if (next_slot(schedule, now)) return std::nullopt;
  const Instant dawn{std::chrono::sys_days{std::chrono::January / 1 / 1}};
  const bool fired_once = next_slot(schedule, dawn).has_value();
  Error error{fired_once ? ErrorCode::when_in_past : ErrorCode::never_fires,
              fired_once ? "all of its times have passed" : "there is no time that fits: this would never fire",
              "/when"};
  error.details["position"] = std::size_t{0};
  return error;
}

Result<Schedule> parse(std::string_view text, const WhenContext& context, Zone zone) {
  Schedule schedule{std::string(trimmed({text, 0}).text), context.zone, {}, {}, {}};
  if (text.size() > kTextBytesMax) return refuse_at(0, "a schedule has at most 4000 characters");
  for (const Part part : split_alternatives(text)) {
    auto triggers = parse_alternative(part, context, zone);
    if (!triggers) return triggers.error();
    std::move(triggers->begin(), triggers->end(), std::back_inserter(schedule.triggers));
  }
  if (schedule.triggers.size() > kTriggersMax) return refuse_at(0, "a schedule has at most 20 triggers");
  const bool manual = std::any_of(schedule.triggers.begin(), schedule.triggers.end(),
                                  [](const Trigger& t) { return t.kind() == ScheduleKind::manual; });
  if (manual && schedule.triggers.size() > 1)
    return refuse_at(0, "\"manual\" stands alone: a task can always be started with run_now");
  if (auto barren = refuse_barren(schedule, context.now)) return *std::move(barren);
  return schedule;
}

}  // namespace

Result<Schedule> parse_when(std::string_view text, const WhenContext& context) {
  const auto zone = find_zone(context.zone);
  if (!zone) return zone.error();
  auto schedule = parse(text, context, *zone);
  if (schedule) return schedule;
  Error error = schedule.error();
  error.received = std::string(text.substr(0, 200));
  error.details["now"] = describe_local(context.now, context.zone);
  return error;
}

Result<Schedule> parse_long_form(std::string_view kind, std::string_view expression, const WhenContext& context) {
  const auto known = schedule_kind_named(kind);
  if (!known) {
    Error error{ErrorCode::arguments_invalid,
                "schedule_kind is once, interval, calendar, cron, rrule or manual, not " + in_quotes(kind),
                "/schedule_kind"};
    error.received = std::string(kind.substr(0, 200));
    error.try_instead = {"once", "interval", "calendar", "cron", "rrule", "manual"};
    return error;
  }
  std::string prefix;
  const std::string lower = lower_case(expression);
  if (*known == ScheduleKind::cron && !lower.starts_with("cron ")) prefix = "cron ";
  if (*known == ScheduleKind::rrule && !lower.starts_with("rrule ")) prefix = "rrule ";
  if (*known == ScheduleKind::interval && !lower.starts_with("every ")) prefix = "every ";
  auto schedule = parse_when(*known == ScheduleKind::manual ? "manual" : prefix + std::string(expression), context);
  if (schedule && schedule->kind() == *known) return schedule;
  Error error = schedule ? Error{ErrorCode::arguments_invalid, in_quotes(expression) + " is a schedule of kind " +
                                                                   std::string(name_of(schedule->kind())) + ", not " +
                                                                   std::string(kind)}
                         : schedule.error();
  if (error.code == ErrorCode::unknown_zone && error.pointer == "/timezone") return error;
  error.pointer = "/schedule_expr";
  error.received = std::string(expression.substr(0, 200));
  const auto position = error.details.value("position", std::size_t{0});
  error.details["position"] = position > prefix.size() ? position - prefix.size() : 0;
  return error;
}

}  // namespace carillon
