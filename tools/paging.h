// Pages that fit: a list answer never grows past what a reader can take in; what does not fit comes with the next
// cursor.
//
// Pure but for the question it repeats; thread-safe.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/arguments.h"
#include "tools/dispatch.h"
#include "tools/tool.h"

namespace carillon::tools {

inline constexpr std::size_t kDetailedCharsMax = 24'000;  // about 6,000 tokens

inline std::size_t size_of(const Answer& answer) {
  return answer.text.size() + answer.structured.dump(-1, ' ', false, json::error_handler_t::replace).size();
}

// Asks `question(query)` for a page and, while its answer is too long, for fewer rows, so that the cursor stays true.
template <class Query, class Question>
ToolOutcome page_that_fits(Query query, Format format, Question question) {
  const std::size_t chars_max = format == Format::concise ? kConciseCharsMax : kDetailedCharsMax;
  for (;;) {
    const auto page = question(query);
    if (!page.ok()) return page.error();
    Answer told = answer(*page, format);
    const std::size_t chars = size_of(told);
    if (chars <= chars_max || query.limit <= 1) return told;
    const auto fitting = static_cast<std::size_t>(query.limit) * chars_max / chars;
    query.limit = std::max(1, std::min(query.limit - 1, static_cast<int>(fitting)));
  }
}

}  // namespace carillon::tools
