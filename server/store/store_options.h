// What can be set about the database; the `database` section of the configuration. Plain values.
#pragma once

#include <chrono>
#include <string>

#include "server/base/clock.h"

namespace carillon {

enum class PreparedStatements { on, off };  // off: behind a pooler that forgets them between transactions

struct PoolOptions {
  int app_connections = 8;       // for callers' commands and queries
  int dispatch_connections = 3;  // reserved for the scheduler and the workers, so that callers cannot starve them
  Duration wait_max = std::chrono::seconds{5};  // for a free connection
  Duration connect_timeout = std::chrono::seconds{10};
  Duration statement_timeout = std::chrono::seconds{30};
  Duration lock_timeout = std::chrono::seconds{5};
  Duration idle_in_transaction_timeout = std::chrono::seconds{60};
  int tries_max = 5;  // of a transaction that meets 40001 or 40P01
  PreparedStatements prepared_statements = PreparedStatements::on;
};

struct DatabaseOptions {
  std::string url;           // secret. A PostgreSQL to use; empty: a private one, found and run by us
  std::string data_dir;      // private: where the cluster and its lock live
  std::string runtime_dir;   // private: where the socket goes when the path below data_dir is too long
  std::string binaries_dir;  // private: where initdb and postgres are; empty: PATH, then /usr/lib/postgresql/*/bin
  PoolOptions pool;
};

// How to log in, by role. With one external url all three are the same and the second wall is off.
struct DatabaseUrls {
  std::string owner;     // migrations
  std::string app;       // carillon_app: sees the tenant of its transaction
  std::string dispatch;  // carillon_dispatch: claims, settles and maintains across tenants
};

}  // namespace carillon
