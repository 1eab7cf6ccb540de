#include "server/process/executable.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace carillon::process {
namespace {

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

bool allows(std::string_view allowed, std::string_view name) {
  if (allowed.ends_with('*')) return name.starts_with(allowed.substr(0, allowed.size() - 1));
  return allowed == name;
}

std::string own_path() {
  const char* path = std::getenv("PATH");
  return path ? path : "/usr/local/bin:/usr/bin:/bin";
}

std::string login_shell() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found && *found->pw_shell)
    return found->pw_shell;
  return "/bin/sh";
}

}  // namespace

std::optional<std::string> find_executable(std::string_view name, std::string_view path) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string_view::npos) {
    std::string whole{name};
    return is_executable_file(whole) ? std::optional{std::move(whole)} : std::nullopt;
  }
  while (!path.empty()) {
    const auto colon = path.find(':');
    const auto folder = path.substr(0, colon);
    path = colon == std::string_view::npos ? std::string_view{} : path.substr(colon + 1);
    if (folder.empty()) continue;  // "the current directory", which no server should be looked up in
    std::string candidate = std::string{folder} + "/" + std::string{name};
    if (is_executable_file(candidate)) return candidate;
  }
  return std::nullopt;
}

std::string login_path(Duration at_most) {
  // Shell start files print greetings, hence the marker around the value.
  static constexpr std::string_view kMarker = "carillon-path:";
  Command ask;
  ask.arguments = {login_shell(), "-l", "-c", "printf '%s%s\\n' 'carillon-path:' \"$PATH\""};
  ask.environment = inherited_environment(daemon_environment_names());
  const auto answer = run_to_end(ask, {.input = "", .timeout = at_most, .output_bytes_max = 1u << 20});
  if (!answer.ok() || !answer->exit.clean()) return own_path();
  const auto begin = answer->output.rfind(kMarker);
  if (begin == std::string::npos) return own_path();
  const auto value = answer->output.substr(begin + kMarker.size());
  const auto line = value.substr(0, value.find('\n'));
  return line.empty() ? own_path() : line;
}

Environment inherited_environment(const std::vector<std::string_view>& allowed) {
  Environment result;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const auto name = text.substr(0, equals);
    for (const auto& candidate : allowed)
      if (allows(candidate, name)) result.emplace(name, text.substr(equals + 1));
  }
  return result;
}

const std::vector<std::string_view>& daemon_environment_names() {
  static const std::vector<std::string_view> names{"HOME", "PATH", "LANG", "TZ", "XDG_*", "CARILLON_*", "DATABASE_URL"};
  return names;
}

const std::vector<std::string_view>& server_environment_names() {
  static const std::vector<std::string_view> names{"HOME", "PATH",  "LANG",    "LC_*",   "TZ",  "XDG_*",
                                                   "USER", "SHELL", "LOGNAME", "TMPDIR", "TERM"};
  return names;
}

std::string own_executable() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace carillon::process
