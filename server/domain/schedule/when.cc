// parse_when: which form a text has, several joined by `or`, and what every refusal carries.
#include <algorithm>

#include "server/base/ascii.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kWhenBytesMax = 16'000;
constexpr std::size_t kTriggersMax = 20;

bool looks_like_zone(std::string_view word) {
  if (word == "utc" || word == "gmt" || word == "local") return true;
  return word.find('/') != std::string_view::npos && word[0] >= 'a' && word[0] <= 'z';
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

// The typed words from one on, as text.
std::string typed_from(const WhenCursor& cursor, std::size_t index) {
  return std::string(cursor.text().substr(cursor.word(index).position - cursor.begin()));
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
  const std::size_t at_time = cursor.mark();
  const std::string word(cursor.take_word());
  const bool half = cursor.take_any({"am", "pm"});
  if (!cursor.at_end()) {
    cursor.back_to(mark);
    return false;
  }
  const bool bare_number = !half && word.find_first_not_of("0123456789") == std::string::npos;
  cursor.back_to(mark);
  if (bare_number) {
    const std::string clock = (word.size() == 1 ? "0" : "") + word + ":00";
    cursor.ambiguous(in_quotes(text) + " could be a time of day, a delay or a repeat",
                     {"tomorrow " + clock, "every day at " + clock, "in " + word + "m", "every " + word + "m"});
  } else {
    const std::string time = typed_from(cursor, at_time);
    cursor.ambiguous(in_quotes(text) + " could be once or every day",
                     {"today " + time, "tomorrow " + time, "every day at " + time});
  }
  return true;
}

std::optional<Triggers> parse_words(WhenCursor& cursor) {
  // The name of a task may look like a zone: "2h before task team/report".
  if (begins_before(cursor)) return parse_before(cursor);
  if (!take_zone(cursor)) return std::nullopt;
  if (cursor.take("manual")) return Triggers{trigger_of(cursor, ManualTrigger{})};
  if (cursor.take("in")) return parse_relative(cursor);
  if (begins_delay(cursor)) return parse_delay(cursor);
  if (cursor.take_any({"every", "each"})) return parse_every(cursor);
  if (begins_calendar(cursor)) return parse_calendar(cursor);
  if (refuse_bare(cursor)) return std::nullopt;
  return parse_absolute(cursor);
}

// ---- the text as a whole

// Where a quoted piece that begins at `at` has ended; `at` itself when nothing closes it.
std::size_t past_quotes(std::string_view text, std::size_t at) {
  for (std::size_t next = at + 1; next < text.size(); ++next) {
    if (text[next] == '\\')
      ++next;
    else if (text[next] == text[at])
      return next;
  }
  return at;
}

// Is there an `or` between two spaces?
bool joins(std::string_view lower, std::size_t at) {
  return at + 4 <= lower.size() && is_space(lower[at]) && lower.substr(at + 1, 2) == "or" && is_space(lower[at + 3]);
}

// Cut at each ` or `, but not inside a quoted name, nor inside the quotes of an expression or of arguments.
std::vector<Part> split_alternatives(std::string_view text) {
  const std::string lower = lower_case(text);
  std::vector<Part> parts;
  std::size_t begin = 0;
  bool in_expression = false;
  for (std::size_t at = 0; at < lower.size(); ++at) {
    const bool word_begins = at == 0 || is_space(lower[at - 1]);
    const std::string_view rest = std::string_view(lower).substr(at);
    if (word_begins && (rest.starts_with("where ") || rest.starts_with("with "))) in_expression = true;
    const bool quote = (lower[at] == '"' && word_begins) ||
                       (in_expression && (lower[at] == '"' || lower[at] == '\'' || lower[at] == '`'));
    if (quote) at = past_quotes(text, at);
    if (!joins(lower, at)) continue;
    parts.push_back(trimmed({text.substr(begin, at - begin), begin}));
    begin = at + 4;
    at += 2;
    in_expression = false;
  }
  parts.push_back(trimmed({text.substr(begin), begin}));
  return parts;
}

// "every six hours (rrule FREQ=...)": what stands in the parentheses is meant, the rest is for people.
Part without_explanation(Part part) {
  const std::string lower = lower_case(part.text.substr(0, 9));
  const bool waits = lower.starts_with("on event ") || lower.starts_with("when ") || lower.starts_with("after ");
  if (waits || !part.text.ends_with(')')) return part;
  const auto open = part.text.rfind('(');
  if (open == std::string_view::npos) return part;
  const std::string inside = lower_case(part.text.substr(open + 1, 8));
  if (!inside.starts_with("rrule ") && !inside.starts_with("cron ")) return part;
  return {part.text.substr(open + 1, part.text.size() - open - 2), part.position + open + 1};
}

// The forms that are not lists of words, by how they begin.
using ParsePart = std::optional<Triggers> (*)(WhenCursor&, Part);
struct Opening {
  std::string_view words;
  enum class Keep { opening, rest } keep;  // what the form is given
  ParsePart parse;
};
std::optional<Triggers> parse_webhook_phrase(WhenCursor& cursor, Part text) {
  if (text.text.empty()) return Triggers{trigger_of(cursor, WebhookTrigger{})};
  return cursor.refuse(refuse_at(text.position, "nothing may follow \"on webhook\"", {"on webhook"}));
}
constexpr auto kOpenings = std::to_array<Opening>({
    {"cron ", Opening::Keep::rest, parse_cron_phrase},
    {"cron_tz=", Opening::Keep::opening, parse_cron_phrase},
    {"tz=", Opening::Keep::opening, parse_cron_phrase},
    {"rrule ", Opening::Keep::rest, parse_rule_phrase},
    {"rrule:", Opening::Keep::opening, parse_rule_phrase},
    {"rrule;", Opening::Keep::opening, parse_rule_phrase},
    {"freq=", Opening::Keep::opening, parse_rule_phrase},
    {"dtstart", Opening::Keep::opening, parse_rule_phrase},
    {"on event ", Opening::Keep::rest, parse_event_phrase},
    {"on webhook ", Opening::Keep::rest, parse_webhook_phrase},
    {"after ", Opening::Keep::rest, parse_chain_phrase},
    {"when ", Opening::Keep::rest, parse_condition_phrase},
});

std::optional<Triggers> parse_part(WhenCursor& cursor, Part part) {
  // The opening words may stand alone ("rrule", "after") or be followed by any white space.
  std::string lower = lower_case(part.text) + " ";
  std::replace_if(lower.begin(), lower.end(), is_space, ' ');
  for (const auto& opening : kOpenings) {
    if (!lower.starts_with(opening.words)) continue;
    if (opening.keep == Opening::Keep::opening) return opening.parse(cursor, part);
    return opening.parse(cursor, trimmed(part.from(std::min(opening.words.size(), part.text.size()))));
  }
  if (looks_like_cron(part.text)) return parse_cron_phrase(cursor, part);
  auto triggers = parse_words(cursor);
  if (triggers && !cursor.at_end()) return cursor.not_understood();
  return triggers;
}

// A trigger of the clock that will never start anything is refused, with the reason that fits.
std::optional<Error> refuse_barren(const Triggers& triggers, const WhenContext& context, std::size_t position) {
  const Schedule alone{{}, context.zone, triggers, {}, {}};
  if (is_open_ended(alone) || next_slot(alone, context.now)) return std::nullopt;
  const Instant dawn{std::chrono::sys_days{std::chrono::January / 1 / 1}};
  const bool fired_once = next_slot(alone, dawn).has_value();
  Error error{fired_once ? ErrorCode::when_in_past : ErrorCode::never_fires,
              fired_once ? "all of its times have passed" : "there is no time that fits: this would never fire",
              "/when"};
  error.details["position"] = position;
  return error;
}

Result<Triggers> parse_alternative(Part whole, const WhenContext& context, Zone zone) {
  const Part part = without_explanation(whole);
  WhenCursor cursor{part.text, part.position, context, zone};
  if (part.text.empty())
    cursor.refuse_here("a trigger is missing here",
                       {"weekdays at 09:00", "every 15m", "tomorrow 9am", "in 20m", "manual"});
  auto triggers = cursor.refused() ? std::nullopt : parse_part(cursor, part);
  if (cursor.refused() || !triggers) return cursor.error();
  if (auto barren = refuse_barren(*triggers, context, whole.position)) return *std::move(barren);
  return *std::move(triggers);
}

Result<Schedule> parse(std::string_view text, const WhenContext& context, Zone zone) {
  Schedule schedule{std::string(trimmed({text, 0}).text), context.zone, {}, {}, {}};
  if (text.size() > kWhenBytesMax) return refuse_at(0, "a schedule has at most 16000 characters");
  for (const Part part : split_alternatives(text)) {
    auto triggers = parse_alternative(part, context, zone);
    if (!triggers) return triggers.error();
    std::move(triggers->begin(), triggers->end(), std::back_inserter(schedule.triggers));
    if (schedule.triggers.size() > kTriggersMax) return refuse_at(part.position, "a schedule has at most 20 triggers");
    const bool manual = std::any_of(schedule.triggers.begin(), schedule.triggers.end(),
                                    [](const Trigger& trigger) { return trigger.source() == TriggerSource::hand; });
    if (manual && schedule.triggers.size() > 1)
      return refuse_at(part.position, "\"manual\" stands alone: a task can always be started with run_now");
  }
  // A reading is longer than a text that is nearly too long, and must be readable too.
  if (text.size() > kWhenBytesMax / 8 && reads(schedule).size() > kWhenBytesMax)
    return refuse_at(0, "this schedule is too long: make several tasks of it");
  return schedule;
}

}  // namespace

bool take_zone(WhenCursor& cursor) {
  for (std::size_t at = 1; at < cursor.size(); ++at) {
    const Word word = cursor.word(at);
    if (!looks_like_zone(word.lower)) continue;
    auto zone = find_zone(word.text, "/when");
    if (!zone) {
      Error error = zone.error();
      error.details["position"] = word.position;
      cursor.refuse(std::move(error));
      return false;
    }
    const bool with_in = at > 1 && cursor.word(at - 1).lower == "in";
    cursor.drop(with_in ? at - 1 : at, with_in ? 2 : 1);
    cursor.set_zone(*zone, word.lower == "local" ? "local" : zone->name());
    return true;
  }
  return true;
}

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

}  // namespace carillon
