// Pattern, NUL, text: compiled or refused; a search ends.
#include "server/domain/json_schema/regex.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"

namespace carillon::fuzz {
namespace {

void regex_of(std::string_view input) {
  const auto [first, second] = two_texts(input);
  const auto regex = json_schema::Regex::compile(first);
  if (regex) static_cast<void>((*regex)->search(second));
}

const Target kRegexTarget{"regex", regex_of};

}  // namespace
}  // namespace carillon::fuzz
