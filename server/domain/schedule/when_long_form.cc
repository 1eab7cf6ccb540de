// The long form: a kind and an expression instead of one text.
#include <array>

#include "server/base/ascii.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

// What a text of each kind begins with; the long form may leave it out.
struct KindWords {
  ScheduleKind kind;
  std::string_view words;
};
constexpr auto kKindWords = std::to_array<KindWords>({
    {ScheduleKind::once, ""},
    {ScheduleKind::interval, "every "},
    {ScheduleKind::calendar, ""},
    {ScheduleKind::cron, "cron "},
    {ScheduleKind::rrule, "rrule "},
    {ScheduleKind::event, "on event "},
    {ScheduleKind::webhook, "on webhook "},
    {ScheduleKind::condition, "when "},
    {ScheduleKind::chain, "after "},
    {ScheduleKind::manual, "manual "},
});

std::string one_of_the_kinds() {
  std::string text;
  for (const auto& row : kKindWords) text += (text.empty() ? "" : ", ") + std::string(name_of(row.kind));
  return text;
}

// Forms of a kind that do not begin with its words: "15m after each run", "2h before task etl".
bool stands_alone(ScheduleKind kind, const std::string& lower) {
  if (kind == ScheduleKind::interval) return lower.find(" after ") != std::string::npos || lower.starts_with("each ");
  return kind == ScheduleKind::chain && lower.find(" before ") != std::string::npos;
}

}  // namespace

Result<Schedule> parse_long_form(std::string_view kind, std::string_view expression, const WhenContext& context) {
  const auto known = schedule_kind_named(kind);
  if (!known) {
    Error error{ErrorCode::arguments_invalid,
                "schedule_kind is one of " + one_of_the_kinds() + ", not " + in_quotes(kind), "/schedule_kind"};
    error.received = std::string(kind.substr(0, 200));
    for (const auto& row : kKindWords) error.try_instead.push_back(name_of(row.kind));
    return error;
  }
  const std::string_view words = kKindWords.at(static_cast<std::size_t>(*known)).words;
  const std::string lower = lower_case(expression) + " ";
  const bool complete = lower.starts_with(words) || stands_alone(*known, lower);
  const std::string prefix(complete ? "" : words);
  auto schedule = parse_when(prefix + std::string(expression), context);
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
