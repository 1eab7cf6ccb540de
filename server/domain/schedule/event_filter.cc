#include "server/domain/schedule/event_filter.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/domain/jmespath/jmespath.h"
#include "server/domain/schedule/refusal.h"

namespace carillon {
namespace {

constexpr std::size_t kPatternBytesMax = 200;
constexpr auto kOwnWords = std::to_array<std::string_view>({"carillon", "event", "task", "webhook"});

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto dot = text.find('.');
    words.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return words;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

Status check_topic_pattern(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) return refuse_at(0, "the name of an event has at most 200 characters");
  std::size_t position = 0;
  for (const auto word : words_of(pattern)) {
    const bool wildcard = word == "*" || word == "#";
    if (!wildcard && (word.empty() || !std::all_of(word.begin(), word.end(), is_word_character)))
      return refuse_at(
          position,
          "the name of an event is words of letters, digits, _ and - joined by dots; * stands for one word "
          "and # for any number of them",
          {"on event deploy.finished", "on event deploy.*", "on event deploy.#"});
    position += word.size() + 1;
  }
  return Done{};
}

bool topic_matches(std::string_view pattern, std::string_view event_type) {
  const auto wanted = words_of(pattern), words = words_of(event_type);
  // reached[n]: the pattern so far matches the first n words.
  std::vector<char> reached(words.size() + 1, 0);
  reached[0] = 1;
  for (const auto word : wanted) {
    if (word == "#") {
      const auto first = std::find(reached.begin(), reached.end(), 1);
      std::fill(first, reached.end(), 1);
      continue;
    }
    for (std::size_t n = words.size(); n > 0; --n)
      reached[n] = reached[n - 1] != 0 && (word == "*" || word == words[n - 1]) ? 1 : 0;
    reached[0] = 0;
  }
  return reached.back() != 0;
}

std::string topic_regex(std::string_view pattern) {
  std::string regex = "^";
  for (const auto word : words_of(pattern)) {
    if (word == "#")
      regex += "([.][^.]+)*";
    else
      regex += "[.]" + (word == "*" ? std::string{"[^.]+"} : std::string(word));
  }
  return regex + "$";
}

Status check_event_type(std::string_view type) {
  if (auto fits = check_topic_pattern(type); !fits) return fits;
  const auto words = words_of(type);
  if (std::any_of(words.begin(), words.end(), [](std::string_view word) { return word == "*" || word == "#"; }))
    return Error{ErrorCode::arguments_invalid, "an event has a name of its own; * and # are for those who wait for it"};
  if (std::find(kOwnWords.begin(), kOwnWords.end(), words.front()) == kOwnWords.end()) return Done{};
  return Error{ErrorCode::arguments_invalid, "events whose name begins with \"" + std::string(words.front()) +
                                                 "\" are Carillon's own; begin with another word"};
}

Result<bool> event_matches(const EventTrigger& trigger, const EventSeen& event) {
  if (!topic_matches(trigger.pattern, event.type)) return false;
  if (trigger.where.empty()) return true;
  const auto expression = jmespath::compile(trigger.where);
  if (!expression) return expression.error();
  const auto value = expression->evaluate({{"event", event.type}, {"payload", event.payload}});
  if (!value) return value.error();
  return jmespath::is_truthy(*value);
}

}  // namespace carillon
