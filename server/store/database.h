// Database: where PostgreSQL is. With a url that one; without, a private one of our own (private_postgres.h).
//
//   auto database = Database::open(options);              // finds, makes, starts, joins
//   Migrator{database->urls().owner}.up();
//   Store store{database->urls(), options.pool, database->reviver()};
//
// Must outlive every Store and connection made from it; close() (or the end of the object) lets go of a private one,
// and the last process to do so stops it. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "server/base/result.h"
#include "server/store/private_postgres.h"
#include "server/store/store_options.h"

namespace carillon {

enum class DatabaseKind { external, private_cluster, throw_away };
std::string_view name_of(DatabaseKind kind);

class Database {
 public:
  static Result<Database> open(const DatabaseOptions& options);

  const DatabaseUrls& urls() const { return urls_; }
  DatabaseKind kind() const;
  // For Store's `revive`: restarts a private database that died; for an external one there is nothing to call.
  std::function<void()> reviver() const;
  void close();

 private:
  explicit Database(DatabaseUrls urls) : urls_(std::move(urls)) {}

  DatabaseUrls urls_;
  std::shared_ptr<PrivatePostgres> private_;
};

}  // namespace carillon
