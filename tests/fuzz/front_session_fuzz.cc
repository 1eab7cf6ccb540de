// Lines that pass a front, each with where it comes from before it: '>' from the host, '!' after the daemon was lost,
// anything else from the daemon. What the front says itself is JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json.h"
#include "server/cli/front_session.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void front_session(std::string_view input) {
  cli::FrontSession session;
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (line.empty()) continue;
    const auto message = line.substr(1);
    if (line.front() == '>') {
      session.on_host_line(message);
    } else if (line.front() == '!') {
      for (const auto& said : session.resume().to_host) CARILLON_CHECK(json::parse(said, nullptr, false).is_object());
    } else {
      session.on_daemon_line(message);
    }
  }
}

const Target kFrontSessionTarget{"front_session", front_session};

}  // namespace
}  // namespace carillon::fuzz
