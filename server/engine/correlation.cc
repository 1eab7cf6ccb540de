#include "server/engine/correlation.h"

namespace carillon {

std::string own_correlation_id(RunIdMaker& ids, Instant now) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int half = 0; half < 2; ++half) {
    auto number = static_cast<std::uint64_t>(ids.next(now).number());
    for (int i = 0; i < 16; ++i, number >>= 4U) text += kDigits[number & 15U];
  }
  return text;
}

}  // namespace carillon
