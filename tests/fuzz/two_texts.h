// A fuzzer's input cut in two at the first NUL byte: what is compiled, and what it is used on.
#pragma once

#include <string_view>

namespace carillon::fuzz {

struct TwoTexts {
  std::string_view first, second;
};

inline TwoTexts two_texts(std::string_view input) {
  const auto cut = input.find('\0');
  if (cut == std::string_view::npos) return {input, "null"};
  return {input.substr(0, cut), input.substr(cut + 1)};
}

}  // namespace carillon::fuzz
