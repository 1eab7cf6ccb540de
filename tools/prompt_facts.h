// What prompts embed: sections of bounded length, windows in a person's words, and a review of all tasks. Asks the
// engine; thread-safe.
#pragma once

#include <map>
#include <string>

#include "server/engine/queries.h"
#include "tools/prompt.h"
#include "tools/render.h"

namespace carillon::tools {

// "## title", then the text, cut to `chars_max` and said so; "(nothing)" for an empty text.
std::string section(const std::string& title, const std::string& text, std::size_t chars_max);

// The agenda from `from` (now when empty) to `to`: a moment, or a duration such as "24h". Errors: those of preview.
Result<Previewed> preview_window(const PromptCall& call, const std::string& from, const std::string& to);

// How often each task of an agenda runs, and when first, one line each, soonest first.
std::string slots_by_task(const Previewed& agenda);

struct TaskReview {
  std::string counts;
  std::string duplicates;       // tasks with the same action and the same schedule
  std::string never_succeeded;  // finished in the last 30 days, and never well
  std::string together;         // that start at the same moment within a day
};
// Looks at the first 500 tasks by name.
Result<TaskReview> review_tasks(const PromptCall& call);

}  // namespace carillon::tools
