#include "tools/help.h"

#include <algorithm>

#include "server/base/error.h"
#include "tools/guides.h"

namespace carillon::tools {
namespace {

std::string errors_guide() {
  std::string guide =
      "# Errors\n\nA refusal is a tool result with isError and {error, message, retryable}; where they help also "
      "pointer (the argument), got, try (calls or values that work) and nearest.\n\n";
  for (const auto& code : kErrorCodes)
    guide +=
        std::string(code.name) + (code.retryable ? " (repeat later)" : "") + ": " + std::string(code.meaning) + "\n";
  return guide;
}

constexpr Guide kGuides[] = {
    {.name = "when", .title = "Writing `when`", .text = [] { return std::string(guides::when.text); }},
    {.name = "pipelines", .title = "Writing steps", .text = [] { return std::string(guides::pipelines.text); }},
    {.name = "errors", .title = "Errors", .text = errors_guide},
    {.name = "limits", .title = "Limits", .text = [] { return std::string(guides::limits.text); }},
};

}  // namespace

std::span<const Guide> guides() { return kGuides; }

const Guide* find_guide(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kGuides), std::end(kGuides), [&](const Guide& guide) { return guide.name == name; });
  return found == std::end(kGuides) ? nullptr : found;
}

}  // namespace carillon::tools
