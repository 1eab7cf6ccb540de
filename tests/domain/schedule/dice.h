// What random texts are thrown with; the same seed throws the same ones.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

namespace carillon::test {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  int roll(int low, int high) { return low + static_cast<int>(engine_() % static_cast<std::uint32_t>(high - low + 1)); }
  bool one_in(int n) { return roll(1, n) == 1; }
  std::string number(int low, int high) { return std::to_string(roll(low, high)); }
  std::string pick(std::initializer_list<const char*> from) {
    return *(from.begin() + roll(0, static_cast<int>(from.size()) - 1));
  }
  template <std::size_t N>
  std::string pick(const std::array<const char*, N>& from) {
    return from.at(static_cast<std::size_t>(roll(0, static_cast<int>(N) - 1)));
  }

 private:
  std::mt19937 engine_;
};

}  // namespace carillon::test
