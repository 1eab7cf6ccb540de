// A PostgreSQL cluster that we run ourselves: made, started, looked at, stopped. Mechanics only; who shares one and
// when it stops is private_postgres.h. The tests' database is made by the same functions.
//
// A cluster is made under another name and renamed when it is whole, so that a half-made one is never taken for a
// cluster. It listens on a Unix socket in a 0700 folder only. PostgreSQL refuses to run as root, so for root everything
// below `data` and `run` belongs to an unprivileged user. Callers hold a lock: nothing here guards against a second
// process doing the same. Stateless; machine failures that a person can mend come as ErrorCode::unavailable.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/process/child.h"
#include "server/store/postgres_binaries.h"

namespace carillon {

enum class Durability { full, none };  // none: no fsync, for tests and throw-away clusters

struct Cluster {
  PostgresBinaries binaries;
  std::optional<process::Identity> identity;  // who runs it, when we are root
  std::string data;                           // the cluster's folder
  std::string run;                            // log and, where its path is short enough, socket
  std::string socket;                         // folder of the socket
  Durability durability = Durability::full;
};

inline constexpr std::size_t kSocketPathMax = 107;  // sun_path, without its final NUL

inline Error unavailable(const std::string& message) { return Error{ErrorCode::unavailable, message}; }
// What the last call into the system says in errno.
inline std::string system_reason() { return std::strerror(errno); }

// For root: the first of the users carillon, postgres and nobody that exists. For others nothing: themselves.
Result<std::optional<process::Identity>> cluster_identity();

// Makes a folder (0700) that belongs to whoever runs the cluster, or accepts one that already does. Folders above it
// that this user may not pass get an access entry for exactly that user.
Status make_cluster_folder(const std::string& path, const std::optional<process::Identity>& identity);

bool is_made(const Cluster& cluster);
// The major version that made it, from its PG_VERSION; nothing when there is no cluster.
std::optional<int> made_by_version(const std::string& data);
// Removes what starters that were killed have left. An initdb that outlived its starter may still write there; what it
// keeps from being removed is in nobody's way, and goes with a later start.
void remove_half_made(const Cluster& cluster);
// initdb with this superuser and password.
Status make_cluster(const Cluster& cluster, const std::string& superuser, const std::string& password);

struct PostmasterFacts {
  std::optional<pid_t> pid;  // nothing: a pid file whose process is gone, or is somebody else, counts for nothing
  bool ready = false;        // accepts connections; neither starting nor stopping
  std::string socket;        // the folder in which it listens
};
PostmasterFacts look_at_postmaster(const Cluster& cluster);
// Starts it and waits until it accepts connections. `settings`: more `name=value` for the server.
Result<pid_t> start_cluster(const Cluster& cluster, const std::vector<std::string>& settings);
// Fast stop; an immediate one when that takes longer than at_most. Returns when the postmaster is gone.
void stop_cluster(const Cluster& cluster, Duration at_most);

// host, port and database as a connection string, without user.
std::string socket_url(const Cluster& cluster, const std::string& database);

}  // namespace carillon
