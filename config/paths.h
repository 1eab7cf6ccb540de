// Paths: where this installation keeps its files.
//
// CARILLON_HOME moves everything under one directory. Without it the XDG base directories decide (config, data, state,
// runtime), or, as root, /etc/carillon, /var/lib/carillon, /var/log/carillon and /run/carillon. A socket path that
// would not fit a sockaddr_un (107 bytes) becomes a hashed name in the runtime directory (spec lifetime.md).
// Pure but for reading the given environment; makes no directory.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace carillon {

struct Paths {
  std::filesystem::path config_file;         // carillon.toml
  std::filesystem::path servers_file;        // servers.json, the downstream servers
  std::filesystem::path prompts_directory;   // prompt templates, one file each
  std::filesystem::path vault_directory;     // secrets and sign-ins, encrypted; 0700
  std::filesystem::path token_file;          // bearer token of the HTTP endpoint, 0600
  std::filesystem::path data_directory;      // everything that must survive
  std::filesystem::path postgres_directory;  // the private PostgreSQL's own
  std::filesystem::path runtime_directory;   // sockets and locks
  std::filesystem::path socket;              // daemon.sock
  std::filesystem::path daemon_lock;         // held exclusively by the running daemon
  std::filesystem::path start_lock;          // held by a front while it starts one
  std::filesystem::path log_file;            // stderr of a detached daemon
};

// `variable` answers an environment variable, or nothing when it is unset or empty.
using Variable = std::function<std::optional<std::string>(const std::string& name)>;
Variable process_environment();

enum class RunsAs { root, user };
RunsAs current_user();

Paths resolve_paths(const Variable& variable, RunsAs user);

// Makes the directories, private to us. Where the private PostgreSQL must run as another user (we are root), that user
// may pass through them but not read them. Throws std::filesystem::filesystem_error where nothing can be written.
void make_directories(const Paths& paths, RunsAs user);

}  // namespace carillon
