// Pattern, NUL, text: compiled or refused; a search ends.
#include "server/domain/json_schema/regex.h"
#include "tests/fuzz/two_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon;
  const auto [first, second] = fuzz::two_texts(data, size);
  const auto regex = json_schema::Regex::compile(first);
  if (regex) static_cast<void>((*regex)->search(second));
  return 0;
}
