#include "server/store/database.h"

#include "server/base/mask.h"
#include "server/store/connection_url.h"

namespace carillon {

std::string_view name_of(DatabaseKind kind) {
  switch (kind) {
    case DatabaseKind::external:
      return "external";
    case DatabaseKind::private_cluster:
      return "private";
    case DatabaseKind::throw_away:
      return "throw_away";
  }
  return "";
}

Result<Database> Database::open(const DatabaseOptions& options) {
  if (!options.url.empty()) {
    for (const auto& secret : secrets_in(options.url)) register_secret(secret);
    return Database{DatabaseUrls{options.url, options.url, options.url}};
  }
  auto opened = PrivatePostgres::open(options);
  if (!opened) return opened.error();
  Database database{(*opened)->urls()};
  database.private_ = std::move(*opened);
  return database;
}

DatabaseKind Database::kind() const {
  if (!private_) return DatabaseKind::external;
  return private_->keeping() == Keeping::lasting ? DatabaseKind::private_cluster : DatabaseKind::throw_away;
}

std::function<void()> Database::reviver() const {
  if (!private_) return {};
  return [postgres = private_] { postgres->ensure_running(); };
}

void Database::close() {
  if (private_) private_->close();
}

}  // namespace carillon
