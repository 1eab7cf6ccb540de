// `carillon status` and `carillon stop`: short questions to the daemon over its socket.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/cli/command.h"
#include "server/cli/daemon_link.h"

namespace carillon::cli {
namespace {

constexpr Duration kEndPatience = std::chrono::seconds{60};

// What `status` says where no daemon answers: the same members as a daemon's own answer.
json absent(const Paths& paths, const std::string& why) {
  return {{"state", "stopped"},  {"pid", nullptr}, {"version", nullptr},
          {"http", nullptr},     {"mcp", nullptr}, {"socket", paths.socket.string()},
          {"database", nullptr}, {"why", why}};
}

void print_status(const json& status) {
  for (const auto& [name, value] : status.items())
    std::printf("%-10s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
}

}  // namespace

int run_status(const Words& words) {
  const auto parsed = parse_words(words, {.command = "status", .flags = {}, .own = {{"json", "print JSON", ""}}});
  if (!parsed) return kExitUsage;
  const auto link = connect_daemon(parsed->config.paths, "status");
  const json status =
      link.ok() ? link->answer.value("status", json::object()) : absent(parsed->config.paths, link.error().message);
  if (parsed->has("json"))
    std::printf("%s\n", status.dump(2).c_str());
  else
    print_status(status);
  return status.value("state", "") == "ready" ? kExitOk : kExitUnavailable;
}

int run_stop(const Words& words) {
  const auto parsed = parse_words(words, {.command = "stop", .flags = {}, .own = {}});
  if (!parsed) return kExitUsage;
  const auto ending = end_daemon(parsed->config.paths, kEndPatience);
  if (!ending.ok()) {
    std::fprintf(stderr, "carillon: %s\n", ending.error().message.c_str());
    return kExitConflict;
  }
  switch (*ending) {
    case Ending::none_ran:
      std::printf("no daemon is running (%s)\n", parsed->config.paths.socket.c_str());
      return kExitOk;
    case Ending::ended:
      std::printf("stopped\n");
      return kExitOk;
    case Ending::still_at_work:
      break;
  }
  std::fprintf(stderr, "carillon: the daemon was asked to stop but is still finishing its runs\n");
  return kExitUnavailable;
}

}  // namespace carillon::cli
