// A URI, NUL, a name: what is parsed fits what filled it, and any name comes back from its URI.
#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"
#include "tools/resource_uri.h"

namespace carillon::fuzz {
namespace {

using namespace tools;

void resource_uri(std::string_view input) {
  const auto [text, name] = two_texts(input);
  constexpr std::string_view kPattern = "run://{id}/steps/{step}/output";
  if (const auto uri = parse_uri(text)) {
    for (const auto& segment : uri->segments) CARILLON_CHECK(!segment.empty());
    static_cast<void>(match_uri(kPattern, *uri));
  }
  const auto filled = parse_uri(fill_uri(kPattern, {name, name}));
  if (!filled) return;  // too long, empty, or no text
  const auto variables = match_uri(kPattern, *filled);
  CARILLON_CHECK(variables.has_value() && variables->at("id") == name);
}

const Target kResourceUriTarget{"resource_uri", resource_uri};

}  // namespace
}  // namespace carillon::fuzz
