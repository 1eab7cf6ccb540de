// Phrases that wait for a tool's result: when weather.current changes, every 5m; when github.list_issues where
// length(issues) > `5`, every 10m, while it holds.
//
// The tool, its arguments and the expression are taken as typed.
#include <nlohmann/json.hpp>

#include "server/base/ascii.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kToolBytesMax = 200;

std::nullopt_t refuse_condition(WhenCursor& cursor, std::size_t position, std::string message) {
  return cursor.refuse(refuse_at(
      position, std::move(message),
      {"when github.list_issues changes, every 5m", "when weather.current where temperature > `30`, every 10m",
       "when weather.current with {\"city\": \"Berlin\"} changes, every 10m"}));
}

// Where the JSON object that begins here ends, behind its last brace; nothing when it does not.
std::optional<std::size_t> end_of_object(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
      continue;
    }
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && --depth == 0) return at + 1;
  }
  return std::nullopt;
}

// {"city": "Berlin"} as it is kept: without spaces, members sorted.
std::optional<std::string> take_arguments(WhenCursor& cursor, Part& text) {
  const auto end = text.text.starts_with('{') ? end_of_object(text.text) : std::nullopt;
  const json arguments = end ? json::parse(text.text.substr(0, *end), nullptr, false) : json();
  if (!arguments.is_object())
    return cursor.refuse(refuse_at(text.position, "the arguments after \"with\" are a JSON object",
                                   {"when weather.current with {\"city\": \"Berlin\"} changes, every 10m"}));
  text = trimmed(text.from(*end));
  return arguments.dump(-1, ' ', false, json::error_handler_t::replace);
}

// The first comma that stands in no brackets and no quotes: there an expression ends. The end of the text without one.
std::size_t end_of_expression(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\'' || c == '"' || c == '`') {
      for (++at; at < text.size() && text[at] != c; ++at)
        if (text[at] == '\\') ++at;
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c == ',' && depth <= 0) return at;
  }
  return text.size();
}

bool is_tool_word(std::string_view word) {
  const auto dot = word.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < word.size() && word.size() <= kToolBytesMax &&
         word.find_first_of("\"'`()[]{}|&,;") == std::string_view::npos;
}

std::optional<Done> take_what(WhenCursor& cursor, Part& text, ConditionTrigger& trigger) {
  Part word = take_first_word(text);
  if (lower_case(word.text) == "with") {
    auto arguments = take_arguments(cursor, text);
    if (!arguments) return std::nullopt;
    trigger.arguments = *std::move(arguments);
    word = take_first_word(text);
  }
  const std::string lower = lower_case(word.text);
  if (lower == "changes" || lower == "changes,") return Done{};
  if (lower != "where")
    return refuse_condition(cursor, word.position,
                            "\"changes\" or \"where\" and an expression over the result must follow here");
  const std::size_t end = end_of_expression(text.text);
  auto expression = take_expression(cursor, {text.text.substr(0, end), text.position});
  if (!expression) return std::nullopt;
  trigger.where = *std::move(expression);
  text = text.from(end);
  return Done{};
}

std::optional<Done> how_often(WhenCursor& cursor, std::size_t position) {
  const std::string said(cursor.text());
  Error error{ErrorCode::when_ambiguous, "say how often to look", "/when"};
  error.try_instead = {said + ", every 5m", said + ", every hour"};
  error.details["position"] = position;
  return cursor.refuse(std::move(error));
}

// The last words say when it fires; they are no part of the rhythm.
std::optional<Done> take_fires(WhenCursor& words, ConditionTrigger& trigger) {
  const std::size_t size = words.size();
  const auto from_end = [&](std::size_t n) { return size >= n ? words.word(size - n).lower : std::string{}; };
  const bool holds = from_end(3) == "while" && from_end(2) == "it" && from_end(1) == "holds";
  const bool level = holds || from_end(1) == "level";
  const std::size_t count = holds ? 3 : level || from_end(1) == "edge" ? 1 : 0;
  if (level && trigger.where.empty())
    return refuse_condition(words, words.word(size - count).position,
                            "\"changes\" fires when the result changes, so there is nothing that holds");
  if (level) trigger.fires = ConditionTrigger::Fires::level;
  words.drop(size - count, count);
  if (count > 0 && words.size() > 0 && words.word(words.size() - 1).lower == ",") words.drop(words.size() - 1, 1);
  return Done{};
}

// ", every 5m between 08:00 and 18:00, while it holds"
std::optional<Done> take_looks(WhenCursor& cursor, Part text, ConditionTrigger& trigger) {
  WhenCursor words{text.text, text.position, cursor.context(), cursor.zone()};
  if (!take_fires(words, trigger)) return cursor.refuse(words.error());
  words.take(",");
  if (words.at_end()) return how_often(cursor, words.position());
  const std::size_t begin = words.position();
  if (!words.take("every")) {
    words.not_understood();
    return cursor.refuse(words.error());
  }
  auto rhythm = parse_every(words);
  if (rhythm && !words.at_end()) words.not_understood();
  if (words.refused() || !rhythm) return cursor.refuse(words.error());
  const auto* looks = std::get_if<IntervalTrigger>(&rhythm->front().body);
  if (looks == nullptr || rhythm->front().until)
    return cursor.refuse(refuse_at(begin, "a tool is looked at on an interval without end",
                                   {"every 5m", "every 5m between 08:00 and 18:00 on weekdays"}));
  trigger.looks = *looks;
  return Done{};
}

}  // namespace

std::optional<Triggers> parse_condition_phrase(WhenCursor& cursor, Part text) {
  const Part tool = take_first_word(text);
  if (!is_tool_word(tool.text))
    return refuse_condition(cursor, tool.position, "name the tool whose result is looked at, as server.tool");
  ConditionTrigger trigger{std::string(tool.text), "{}", {}, {}};
  if (!take_what(cursor, text, trigger) || !take_looks(cursor, text, trigger)) return std::nullopt;
  return Triggers{trigger_of(cursor, std::move(trigger))};
}

}  // namespace carillon
