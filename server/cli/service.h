// The service: how systemd runs the daemon, as a unit file of this installation.
//
// Where the file lies, what it says, and whose it is: its first line names who wrote it and carries a checksum of the
// rest, so that a file of somebody else, or one that was edited, is recognised and never overwritten. Which calls of
// systemctl follow is the business of service_manager.h. Values and pure functions but for look_at_unit.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/paths.h"
#include "server/base/result.h"
#include "server/cli/daemon.h"
#include "server/process/child.h"

namespace carillon::cli {

inline constexpr std::string_view kServiceName = "carillon.service";

// Who runs the unit: the person's own instance of systemd, from login to logout (or always, where lingering is on), or
// the machine's, from boot on.
enum class ServiceScope { user, system };

struct ServiceSite {
  ServiceScope scope;
  std::filesystem::path unit;
  std::filesystem::path wanted;  // the link by which systemd starts it: what `systemctl enable` makes
};
ServiceSite service_site(ServiceScope scope, const Variable& variable);

struct Service {
  ServiceScope scope = ServiceScope::user;
  std::vector<std::string> command;  // an absolute path and its arguments
  process::Environment environment;
  std::string socket;  // at which its daemon answers
  std::string run_as;  // of a system unit: the user, who is not root
};
std::string unit_text(const Service& service);

enum class UnitFile { absent, ours, edited, foreign };
struct UnitFound {
  UnitFile file = UnitFile::absent;
  std::string text;
  std::string socket;  // at which the daemon that it runs answers, where the file is ours or was
};
UnitFound look_at_unit(const std::filesystem::path& unit);

// The home that a system unit keeps everything in.
inline constexpr std::string_view kSystemHome = "/var/lib/carillon";

// What get_status says when tasks are active that would end with this process or with the session; empty: nothing.
enum class Supervision { supervised, systemd, none };  // somebody restarts us; systemd could; nobody that we know
std::string service_offer(Role role, Supervision supervision);

}  // namespace carillon::cli
