#include "config/paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace carillon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathMax = 107;  // sizeof(sockaddr_un::sun_path) - 1, unix(7)

struct Roots {
  fs::path config, data, state, runtime;
};

Roots xdg_roots(const Variable& variable) {
  const fs::path home = variable("HOME").value_or("/");
  const auto base = [&](const char* name, const fs::path& otherwise) {
    const auto value = variable(name);
    return (value && fs::path{*value}.is_absolute() ? fs::path{*value} : otherwise) / "carillon";
  };
  Roots roots{base("XDG_CONFIG_HOME", home / ".config"),
              base("XDG_DATA_HOME", home / ".local/share"),
              base("XDG_STATE_HOME", home / ".local/state"),
              {}};
  roots.runtime = base("XDG_RUNTIME_DIR", roots.state / "run");
  return roots;
}

Roots choose_roots(const Variable& variable, RunsAs user) {
  if (const auto home = variable("CARILLON_HOME")) {
    const fs::path root = fs::absolute(*home).lexically_normal();
    return {root, root, root, root / "run"};
  }
  if (user == RunsAs::root) return {"/etc/carillon", "/var/lib/carillon", "/var/log/carillon", "/run/carillon"};
  return xdg_roots(variable);
}

// FNV-1a: a short stable name for a long path; collisions only cost a clear "already running".
std::string short_hash(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

fs::path socket_path(const Roots& roots, const Variable& variable) {
  fs::path wanted = roots.runtime / "daemon.sock";
  if (wanted.native().size() <= kSocketPathMax) return wanted;
  const fs::path runtime = variable("XDG_RUNTIME_DIR").value_or("/tmp/carillon-" + std::to_string(::getuid()));
  return runtime / (short_hash(wanted.native()) + ".sock");
}

void make_private(const fs::path& directory, fs::perms mode) {
  if (fs::exists(directory)) return;
  if (directory.has_parent_path() && !fs::exists(directory.parent_path()))
    fs::create_directories(directory.parent_path());
  fs::create_directory(directory);
  fs::permissions(directory, mode);
}

}  // namespace

Variable process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

RunsAs current_user() { return ::geteuid() == 0 ? RunsAs::root : RunsAs::user; }

Paths resolve_paths(const Variable& variable, RunsAs user) {
  const Roots roots = choose_roots(variable, user);
  return {.config_file = roots.config / "carillon.toml",
          .servers_file = roots.config / "servers.json",
          .prompts_directory = roots.config / "prompts",
          .vault_directory = roots.data / "vault",
          .token_file = roots.data / "token",
          .data_directory = roots.data,
          .postgres_directory = roots.data / "postgres",
          .runtime_directory = roots.runtime,
          .socket = socket_path(roots, variable),
          .daemon_lock = roots.runtime / "daemon.lock",
          .start_lock = roots.runtime / "start.lock",
          .log_file = roots.state / "daemon.log"};
}

void make_directories(const Paths& paths, RunsAs user) {
  const auto open = user == RunsAs::root ? fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec
                                         : fs::perms::owner_all;
  make_private(paths.data_directory, open);
  for (const fs::path& directory : {paths.config_file.parent_path(), paths.log_file.parent_path(),
                                    paths.runtime_directory, paths.socket.parent_path()})
    make_private(directory, fs::perms::owner_all);
}

}  // namespace carillon
