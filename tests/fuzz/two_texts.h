// A fuzzer's input cut in two at the first NUL byte: what is compiled, and what it is used on.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon::fuzz {

struct TwoTexts {
  std::string_view first, second;
};

inline TwoTexts two_texts(const std::uint8_t* data, std::size_t size) {
  const std::string_view all{reinterpret_cast<const char*>(data), size};
  const auto cut = all.find('\0');
  if (cut == std::string_view::npos) return {all, "null"};
  return {all.substr(0, cut), all.substr(cut + 1)};
}

}  // namespace carillon::fuzz
