// Cost: what calls of downstream tools cost, in millionths of a US dollar: exact, so that a sum of many is their sum.
// Pure values.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>

namespace carillon {

struct Cost {
  std::int64_t micro_dollars = 0;

  static Cost of_dollars(double dollars) { return {std::llround(dollars * 1e6)}; }
  constexpr double dollars() const { return static_cast<double>(micro_dollars) / 1e6; }
  constexpr bool is_free() const { return micro_dollars == 0; }
  constexpr Cost& operator+=(Cost more) {
    micro_dollars += more.micro_dollars;
    return *this;
  }
  friend auto operator<=>(const Cost&, const Cost&) = default;
};

}  // namespace carillon
