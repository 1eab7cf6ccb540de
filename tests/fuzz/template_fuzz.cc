// Template text, NUL, roots: what renders also checks, and the result is within its limit.
#include "server/base/check.h"
#include "server/domain/template.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"

namespace carillon::fuzz {
namespace {

void template_of(std::string_view input) {
  const auto [first, second] = two_texts(input);
  json roots = json::parse(second, nullptr, false);
  if (!roots.is_object()) roots = json{{"now", "2026-11-20T14:05:00Z"}, {"steps", {{"a", {1, "x"}}}}};
  TemplateOptions options;
  options.output_bytes_max = 10'000;
  const json text = std::string{first};
  const auto rendered = render_template(text, roots, options);
  CARILLON_CHECK(!rendered.ok() || check_template(text).ok());
  static_cast<void>(bare_expression(first));
}

const Target kTemplateTarget{"template", template_of};

}  // namespace
}  // namespace carillon::fuzz
