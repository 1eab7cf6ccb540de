// Expression, NUL, data: evaluated or refused within the limits, and the same twice.
#include "server/base/check.h"
#include "server/domain/jmespath/jmespath.h"
#include "tests/fuzz/two_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon;
  const auto [first, second] = fuzz::two_texts(data, size);
  const json value = json::parse(second, nullptr, false);
  if (value.is_discarded()) return 0;
  jmespath::Limits limits;
  limits.nodes_max = 100'000;
  const auto expression = jmespath::compile(first, limits);
  if (!expression) return 0;
  static_cast<void>(expression->roots());
  static_cast<void>(expression->plain_path());
  const auto once = expression->evaluate(value);
  const auto twice = expression->evaluate(value);
  CARILLON_CHECK(once.ok() == twice.ok() && (!once.ok() || *once == *twice));
  return 0;
}
