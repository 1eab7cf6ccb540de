// Pairs of place and change done to a sealed state, or any text instead of one: never opened unless nothing changed.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "transport/sealed_state.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void sealed_state(std::string_view input) {
  static const FixedClock clock{Instant{std::chrono::seconds{1'000'000}}};
  static const StateSealer sealer{"a secret", std::chrono::hours{1}, clock};
  static const json params{{"name", "ask"}};
  static const json state{{"step", 1}, {"what", "ever"}};
  const StateBinding binding{{"t", "a", {}}, "tools/call", &params};
  static const std::string sealed = sealer.seal(state, binding);
  CARILLON_CHECK(sealer.open(sealed, binding) == state);
  CARILLON_CHECK(input == sealed || !sealer.open(input, binding));
  std::string changed = sealed;
  for (std::size_t i = 0; i + 1 < input.size(); i += 2)
    changed[static_cast<unsigned char>(input[i]) % changed.size()] ^= input[i + 1];
  CARILLON_CHECK(changed == sealed || !sealer.open(changed, binding));
}

const Target kSealedStateTarget{"sealed_state", sealed_state};

}  // namespace
}  // namespace carillon::fuzz
