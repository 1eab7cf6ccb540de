// Phrases that wait for something to happen: on event deploy.* where payload.env == 'prod'; after nightly-etl succeeds;
// when weather.current changes, every 5m.
//
// Names of events, tasks and tools, expressions and arguments are taken as typed; only the words of the grammar are
// read in any case.
#include <algorithm>

#include "server/base/ascii.h"
#include "server/domain/schedule/event_filter.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kAwaitedNameBytesMax = 200;

// "\"bob's job\" succeeds": the name, and what follows it.
std::optional<std::string> quoted_name(WhenCursor& cursor, Part text, Part& rest) {
  std::string name;
  for (std::size_t at = 1; at < text.text.size(); ++at) {
    char c = text.text[at];
    if (c == '"') {
      rest = trimmed(text.from(at + 1));
      return name;
    }
    if (c == '\\' && at + 1 < text.text.size()) c = text.text[++at];
    name += c;
  }
  return cursor.refuse(refuse_at(text.position, "the quotes are not closed"));
}

std::optional<std::string> checked_name(WhenCursor& cursor, std::string name, std::size_t position) {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (name.empty()) return cursor.refuse(refuse_at(position, "the name of a task is missing here"));
  if (name.size() > kAwaitedNameBytesMax || name.find('#') != std::string::npos ||
      std::any_of(name.begin(), name.end(), is_control))
    return cursor.refuse(refuse_at(position, in_quotes(name) + " cannot be the name of a task"));
  return name;
}

struct EndWord {
  std::string_view word;
  ChainTrigger::On on;
};
constexpr auto kEndWords = std::to_array<EndWord>({
    {"succeeds", ChainTrigger::On::succeeds},
    {"succeeded", ChainTrigger::On::succeeds},
    {"fails", ChainTrigger::On::fails},
    {"failed", ChainTrigger::On::fails},
    {"finishes", ChainTrigger::On::finishes},
    {"finished", ChainTrigger::On::finishes},
    {"ends", ChainTrigger::On::finishes},
    {"ended", ChainTrigger::On::finishes},
});

std::optional<ChainTrigger::On> end_named(std::string_view word) {
  const std::string lower = lower_case(word);
  const auto* found =
      std::find_if(kEndWords.begin(), kEndWords.end(), [&](const EndWord& row) { return row.word == lower; });
  if (found == kEndWords.end()) return std::nullopt;
  return found->on;
}

std::optional<Triggers> which_end(WhenCursor& cursor, Part at) {
  const std::string said(cursor.text());
  Error error{ErrorCode::when_ambiguous, "after which end of its runs: succeeds, fails or finishes?", "/when"};
  error.try_instead = {said + " succeeds", said + " fails", said + " finishes"};
  error.details["position"] = at.position;
  return cursor.refuse(std::move(error));
}

}  // namespace

std::optional<std::string> task_name_from(WhenCursor& cursor, Part text) {
  Part rest{{}, text.position + text.text.size()};
  if (!text.text.starts_with('"')) return checked_name(cursor, std::string(text.text), text.position);
  const auto name = quoted_name(cursor, text, rest);
  if (!name) return std::nullopt;
  if (!rest.text.empty())
    return cursor.refuse(refuse_at(rest.position, in_quotes(rest.text) + " is not understood here"));
  return checked_name(cursor, *name, text.position);
}

std::optional<Triggers> parse_event_phrase(WhenCursor& cursor, Part text) {
  const Part pattern = take_first_word(text);
  if (pattern.text.empty())
    return cursor.refuse(refuse_at(pattern.position, "the name of an event is missing here",
                                   {"on event deploy.finished", "on event deploy.*"}));
  if (const auto fits = check_topic_pattern(pattern.text); !fits)
    return refuse_moved(cursor, fits.error(), pattern.position);
  EventTrigger trigger{std::string(pattern.text), {}};
  if (!text.text.empty()) {
    const Part word = take_first_word(text);
    if (lower_case(word.text) != "where")
      return cursor.refuse(refuse_at(word.position,
                                     in_quotes(word.text) + " is not understood here: \"where\" may follow",
                                     {"on event deploy.* where payload.env == 'prod'"}));
    auto expression = take_expression(cursor, text);
    if (!expression) return std::nullopt;
    trigger.where = *std::move(expression);
  }
  return Triggers{trigger_of(cursor, std::move(trigger))};
}

std::optional<Triggers> parse_chain_phrase(WhenCursor& cursor, Part text) {
  if (text.text.empty())
    return cursor.refuse(
        refuse_at(text.position, "the name of a task is missing here", {"after nightly-etl succeeds"}));
  Part name = text, end{{}, text.position + text.text.size()};
  std::optional<std::string> task;
  if (text.text.starts_with('"')) {
    task = quoted_name(cursor, text, end);
    if (!task) return std::nullopt;
  } else {
    const auto space = text.text.find_last_of(" \t\r\n");
    if (space != std::string_view::npos) end = text.from(space + 1);
    // A last word that names no end belongs to the name.
    if (end_named(end.text))
      name = trimmed({text.text.substr(0, space), text.position});
    else
      end = {{}, text.position + text.text.size()};
    task = std::string(name.text);
  }
  const std::string lower = lower_case(*task);
  if (lower == "each run" || lower == "every run" || (end.text.empty() && end_named(*task)))
    return cursor.refuse(refuse_at(text.position, "say how long after each run, or after which task",
                                   {"15m after each run", "after nightly-etl succeeds"}));
  if (end.text.empty()) return which_end(cursor, end);
  const auto on = end_named(end.text);
  if (!on)
    return cursor.refuse(refuse_at(end.position, in_quotes(end.text) +
                                                     " is not understood here: a run succeeds, fails or "
                                                     "finishes"));
  task = checked_name(cursor, *std::move(task), name.position);
  if (!task) return std::nullopt;
  return Triggers{trigger_of(cursor, ChainTrigger{*on, *std::move(task)})};
}

}  // namespace carillon
