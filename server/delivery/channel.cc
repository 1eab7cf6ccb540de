#include "server/delivery/channel.h"

namespace carillon::delivery {

std::string_view address_of(const Letter& letter) {
  const std::string_view target = letter.target;
  const auto colon = target.find(':');
  return colon == std::string_view::npos ? std::string_view{} : target.substr(colon + 1);
}

}  // namespace carillon::delivery
