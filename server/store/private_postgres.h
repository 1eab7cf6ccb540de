// A private PostgreSQL: the machine's programs, a cluster of our own, nobody asked (docs/adr/0006-private-postgres.md).
//
// Below data_dir: cluster/ (the data), run/ (log, socket), passwords (0600), and two lock files. postgres.lock is held
// shared by every process that uses the cluster, for as long as it does; whoever gets it exclusively on the way out is
// the last and stops the cluster. start.lock is held exclusively while somebody makes, starts or stops it, so these
// never meet. Both end with their process: after a kill -9 the cluster runs on and the next process adopts it.
//
// Survived: a cluster half made, a pid file left behind (dead, or the number of somebody else), a postmaster killed
// under a living process (ensure_running), a socket path that is too long (a short folder elsewhere). Where data_dir
// cannot be written, a throw-away cluster in the temporary folder, which a watcher ends together with us.
//
// Thread-safe. Machine failures a person can mend are Results on open and std::runtime_error later.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "server/base/result.h"
#include "server/process/child.h"
#include "server/process/file_lock.h"
#include "server/store/postgres_cluster.h"
#include "server/store/store_options.h"

namespace carillon {

enum class Keeping { lasting, throw_away };

class PrivatePostgres {
 public:
  // Finds, makes, starts or joins; when it returns, the three logins work (and nothing is migrated).
  static Result<std::unique_ptr<PrivatePostgres>> open(const DatabaseOptions& options);
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  const DatabaseUrls& urls() const { return urls_; }
  Keeping keeping() const { return keeping_; }
  const std::string& data_dir() const { return folder_; }

  // Starts the cluster again when its postmaster has died. Waits while somebody else does that.
  void ensure_running();
  // Lets go of the cluster; the last one stops it and waits for that. Safe to call twice.
  void close();

 private:
  struct Passwords {
    std::string owner, app, dispatch;
  };

  PrivatePostgres(const DatabaseOptions& options, std::string folder, Keeping keeping)
      : options_(options), folder_(std::move(folder)), keeping_(keeping) {}

  Status set_up();
  Result<process::FileLock> take_start_lock() const;
  Status describe_cluster();
  Result<Passwords> read_or_make_passwords() const;
  Status make_if_missing(const Passwords& passwords);
  Status start_or_join();
  Status choose_socket_folder();
  Status make_logins_and_database(const Passwords& passwords);

  const DatabaseOptions options_;
  const std::string folder_;
  const Keeping keeping_;
  Cluster cluster_;
  DatabaseUrls urls_;
  std::mutex changing_;  // one thread at a time makes, starts or leaves
  std::optional<process::FileLock> in_use_;
  std::optional<process::Child> watcher_;
};

}  // namespace carillon
