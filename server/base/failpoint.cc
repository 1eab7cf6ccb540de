#include "server/base/failpoint.h"

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace carillon::detail {
namespace {

std::string wanted() {
  const char* text = std::getenv("CARILLON_FAILPOINT");
  return text == nullptr ? std::string{} : std::string{text};
}

}  // namespace

const bool failpoint_armed = !wanted().empty();

void pass_failpoint(std::string_view name) {
  static const std::string armed = wanted();
  static const std::size_t colon = armed.find(':');
  static std::atomic<long> left{colon == std::string::npos ? 1 : std::strtol(armed.c_str() + colon + 1, nullptr, 10)};
  if (std::string_view{armed}.substr(0, colon) != name) return;
  if (left.fetch_sub(1) == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace carillon::detail
