#include "server/cli/service.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace carillon::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSeal = "# Written by `carillon install-service`, ";
constexpr std::string_view kSocket = "# Socket: ";

// FNV-1a: tells an edited file from one that we wrote; it keeps nobody from forging one.
std::string checksum(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

// A word in the quoting of systemd.syntax(7); `%` would begin a specifier everywhere, `$` a variable in commands.
enum class Place { command, environment };
std::string quoted(std::string_view word, Place place) {
  std::string out = "\"";
  for (const char c : word) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || (c == '$' && place == Place::command)) out += c;
    out += c;
  }
  return out + '"';
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    line += quoted(word, Place::command);
  }
  return line;
}

// Downstream servers run inside the same walls: nothing here may keep Node.js (which makes code at run time) or a
// server's own files in the home directory from working.
constexpr std::string_view kWalls =
    "UMask=0077\n"
    "NoNewPrivileges=yes\n"
    "LockPersonality=yes\n"
    "RestrictRealtime=yes\n"
    "RestrictSUIDSGID=yes\n"
    "SystemCallArchitectures=native\n";

// The machine's systemd can build higher ones than a person's own instance.
constexpr std::string_view kSystemWalls =
    "CapabilityBoundingSet=\n"
    "PrivateDevices=yes\n"
    "PrivateTmp=yes\n"
    "ProtectClock=yes\n"
    "ProtectControlGroups=yes\n"
    "ProtectHome=yes\n"
    "ProtectHostname=yes\n"
    "ProtectKernelLogs=yes\n"
    "ProtectKernelModules=yes\n"
    "ProtectKernelTunables=yes\n"
    "ProtectSystem=strict\n"
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
    "RestrictNamespaces=yes\n"
    "SystemCallErrorNumber=EPERM\n"
    "SystemCallFilter=@system-service\n";

std::string service_section(const Service& service) {
  std::string text =
      "[Service]\n"
      "Type=notify\n"
      "NotifyAccess=main\n"
      "ExecStart=" +
      command_line(service.command) + '\n';
  for (const auto& [name, value] : service.environment)
    text += "Environment=" + quoted(name + '=' + value, Place::environment) + '\n';
  // 2: the configuration is wrong, and stays so until somebody mends it.
  text +=
      "Restart=on-failure\n"
      "RestartSec=5\n"
      "RestartPreventExitStatus=2\n"
      "TimeoutStartSec=300\n"
      "TimeoutStopSec=90\n"
      "KillMode=mixed\n";
  if (service.scope == ServiceScope::system)
    text += "User=" + service.run_as + "\nStateDirectory=carillon\nStateDirectoryMode=0700\n";
  text += kWalls;
  if (service.scope == ServiceScope::system) text += kSystemWalls;
  return text;
}

}  // namespace

ServiceSite service_site(ServiceScope scope, const Variable& variable) {
  const auto in = [&](const fs::path& folder, const char* target) {
    return ServiceSite{scope, folder / kServiceName, folder / (std::string{target} + ".wants") / kServiceName};
  };
  if (scope == ServiceScope::system) return in("/etc/systemd/system", "multi-user.target");
  const auto config = variable("XDG_CONFIG_HOME");
  const fs::path base = config && fs::path{*config}.is_absolute()
                            ? fs::path{*config}
                            : fs::path{variable("HOME").value_or("/")} / ".config";
  return in(base / "systemd/user", "default.target");
}

std::string unit_text(const Service& service) {
  const bool system = service.scope == ServiceScope::system;
  std::string text = std::string{kSocket} + service.socket +
                     "\n\n[Unit]\nDescription=Carillon, schedules and workers for AI agents\n" +
                     (system ? "Wants=network-online.target\nAfter=network-online.target\n" : "") +
                     "StartLimitIntervalSec=0\n\n" + service_section(service) +
                     "\n[Install]\nWantedBy=" + (system ? "multi-user.target" : "default.target") + '\n';
  return std::string{kSeal} + checksum(text) + "; changes belong into a drop-in: systemctl" +
         (system ? "" : " --user") + " edit carillon\n" + text;
}

UnitFound look_at_unit(const fs::path& unit) {
  std::ifstream file{unit, std::ios::binary};
  if (!file) return {};
  UnitFound found{UnitFile::foreign, {std::istreambuf_iterator<char>{file}, {}}, ""};
  const std::string_view text = found.text;
  const auto line = text.find('\n');
  if (!text.starts_with(kSeal) || line == std::string_view::npos) return found;
  const std::string_view rest = text.substr(line + 1);
  found.file = text.substr(kSeal.size()).starts_with(checksum(rest)) ? UnitFile::ours : UnitFile::edited;
  if (rest.starts_with(kSocket)) found.socket = rest.substr(kSocket.size(), rest.find('\n') - kSocket.size());
  return found;
}

std::string service_offer(Role role, Supervision supervision) {
  if (supervision == Supervision::supervised || role == Role::worker) return "";
  const std::string until = role == Role::in_process
                                ? "active tasks stop when this host closes"
                                : "active tasks stop when the machine restarts or its user logs out";
  if (supervision == Supervision::systemd) return until + "; `carillon install-service` keeps them going";
  // Whoever runs `carillon serve` where there is no systemd (a container) has somebody who starts it again.
  return role == Role::daemon ? "" : until + "; start `carillon serve` with the machine to keep them going";
}

}  // namespace carillon::cli
