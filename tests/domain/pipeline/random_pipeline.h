// Random pipelines. Deterministic: the same dice give the same one.
#pragma once

#include <random>

#include "server/base/json.h"

namespace carillon::pipeline::test {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // 0 … n-1
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

json random_pipeline(Dice& dice);

}  // namespace carillon::pipeline::test
