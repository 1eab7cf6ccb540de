// Expression, NUL, data: evaluated or refused within the limits, and the same twice.
#include "server/base/check.h"
#include "server/domain/jmespath/jmespath.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"

namespace carillon::fuzz {
namespace {

void jmespath_of(std::string_view input) {
  const auto [first, second] = two_texts(input);
  const json value = json::parse(second, nullptr, false);
  if (value.is_discarded()) return;
  jmespath::Limits limits;
  limits.nodes_max = 100'000;
  const auto expression = jmespath::compile(first, limits);
  if (!expression) return;
  static_cast<void>(expression->roots());
  static_cast<void>(expression->plain_path());
  const auto once = expression->evaluate(value);
  const auto twice = expression->evaluate(value);
  CARILLON_CHECK(once.ok() == twice.ok() && (!once.ok() || *once == *twice));
}

const Target kJmespathTarget{"jmespath", jmespath_of};

}  // namespace
}  // namespace carillon::fuzz
