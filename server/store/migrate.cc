#include "server/store/migrate.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <thread>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/store/column.h"
#include "server/store/connection.h"
#include "server/store/connection_url.h"
#include "server/store/migration_files.h"
#include "server/store/sql.h"
#include "server/store/store.h"

namespace carillon {
namespace {

using std::chrono::steady_clock;

constexpr auto kConnectTimeout = std::chrono::seconds{10};
constexpr auto kLockWaitMax = std::chrono::seconds{120};
constexpr auto kLockLookAgain = std::chrono::milliseconds{25};

// A transaction on a connection of its own. It has no time limits: a migration takes the time it takes.
class MigrationTx {
 public:
  explicit MigrationTx(const std::string& url)
      : connection_(connection_string(url, kConnectTimeout)),
        work_(connection_.wire),
        tx_(work_, PreparedStatements::off) {
    tx_.exec(sql::begin_tx, "", "0", "0", "0");
  }
  Tx& tx() { return tx_; }
  void run_script(std::string_view script) { work_.exec(std::string{script}); }
  void commit() { work_.commit(); }

 private:
  Connection connection_;
  pqxx::work work_;
  Tx tx_;
};

std::int64_t milliseconds_since(steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start).count();
}

// The transaction that holds the migration lock. Logs how long it waited for it and how long it held it.
class LockedTx {
 public:
  explicit LockedTx(const std::string& url) : asked_(steady_clock::now()) {
    while (!try_lock(url)) {
      if (steady_clock::now() - asked_ > kLockWaitMax)
        throw std::runtime_error("another process has been migrating the database for two minutes");
      std::this_thread::sleep_for(kLockLookAgain);
    }
    locked_ = steady_clock::now();
  }
  ~LockedTx() {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(locked_ - asked_).count();
    metrics::observe("carillon_lock_wait_seconds", {{"lock", "migration"}},
                     std::chrono::duration<double>(locked_ - asked_).count());
    metrics::observe("carillon_lock_held_seconds", {{"lock", "migration"}},
                     std::chrono::duration<double>(steady_clock::now() - locked_).count());
    log::info("advisory lock",
              json{{"lock", "migration"}, {"waited_ms", waited}, {"held_ms", milliseconds_since(locked_)}});
  }
  LockedTx(const LockedTx&) = delete;
  LockedTx& operator=(const LockedTx&) = delete;
  MigrationTx* operator->() { return &*transaction_; }

 private:
  // A new transaction for each try: a waiting one would keep an old snapshot.
  bool try_lock(const std::string& url) {
    transaction_.emplace(url);
    if (transaction_->tx().exec(sql::try_migration_lock)[0]["held"].as<bool>()) return true;
    transaction_.reset();
    return false;
  }

  steady_clock::time_point asked_, locked_;
  std::optional<MigrationTx> transaction_;
};

struct AppliedRow {
  std::string name, sha256;
  Instant applied_at;
};

std::map<int, AppliedRow> read_applied(Tx& tx) {
  std::map<int, AppliedRow> applied;
  if (!tx.exec(sql::migration_table_exists)[0]["exists"].as<bool>()) return applied;
  for (const auto& row : tx.exec(sql::list_migrations))
    applied.emplace(row["version"].as<int>(),
                    AppliedRow{column<std::string>(row["name"]), column<std::string>(row["sha256"]),
                               column<Instant>(row["applied_at"])});
  return applied;
}

std::string checksum(Tx& tx, const Migration& migration) {
  return column<std::string>(tx.exec(sql::migration_checksum, Bytes{std::string{migration.up}})[0]["sha256"]);
}

struct FileName {
  int version;
  std::string name;
  bool up;
};

// "0001_foundation.up" (the embedding has taken ".sql" off).
FileName parse_name(std::string_view stem) {
  FileName parsed{0, "", stem.ends_with(".up")};
  CARILLON_CHECK(parsed.up || stem.ends_with(".down"));
  CARILLON_CHECK(stem.size() > 5 && stem[4] == '_');
  CARILLON_CHECK(std::from_chars(stem.data(), stem.data() + 4, parsed.version).ptr == stem.data() + 4);
  parsed.name = stem.substr(5, stem.rfind('.') - 5);
  return parsed;
}

}  // namespace

std::string_view name_of(MigrationState state) {
  switch (state) {
    case MigrationState::applied:
      return "applied";
    case MigrationState::pending:
      return "pending";
    case MigrationState::edited:
      return "edited";
    case MigrationState::unknown:
      return "unknown";
    case MigrationState::missing:
      return "missing";
  }
  return "";
}

std::vector<Migration> embedded_migrations() {
  std::map<int, Migration> by_version;
  for (const auto& file : migration_files::kAll) {
    const FileName parsed = parse_name(file.name);
    auto& migration =
        by_version.try_emplace(parsed.version, Migration{parsed.version, parsed.name, {}, {}}).first->second;
    CARILLON_CHECK(migration.name == parsed.name);
    (parsed.up ? migration.up : migration.down) = file.text;
  }
  std::vector<Migration> migrations;
  for (auto& [version, migration] : by_version) {
    CARILLON_CHECK(version == static_cast<int>(migrations.size()) + 1);
    CARILLON_CHECK(!migration.up.empty() && !migration.down.empty());
    migrations.push_back(std::move(migration));
  }
  return migrations;
}

std::vector<MigrationFacts> migration_facts(Tx& tx, const std::vector<Migration>& migrations) {
  auto applied = read_applied(tx);
  const int newest = applied.empty() ? 0 : applied.rbegin()->first;
  std::vector<MigrationFacts> facts;
  for (const auto& migration : migrations) {
    const auto found = applied.find(migration.version);
    if (found == applied.end()) {
      const auto state = migration.version < newest ? MigrationState::missing : MigrationState::pending;
      facts.push_back({migration.version, migration.name, state, std::nullopt});
      continue;
    }
    const auto state =
        found->second.sha256 == checksum(tx, migration) ? MigrationState::applied : MigrationState::edited;
    facts.push_back({migration.version, migration.name, state, found->second.applied_at});
    applied.erase(found);
  }
  for (const auto& [version, row] : applied)
    facts.push_back({version, row.name, MigrationState::unknown, row.applied_at});
  std::sort(facts.begin(), facts.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
  return facts;
}

Status refuse_misfits(const std::vector<MigrationFacts>& facts) {
  for (const auto& fact : facts) {
    const std::string which = "migration " + std::to_string(fact.version) + " (" + fact.name + ") ";
    switch (fact.state) {
      case MigrationState::applied:
      case MigrationState::pending:
        continue;
      case MigrationState::edited:
        return Error{ErrorCode::conflict, which +
                                              "was edited after it was applied to this database. Run the version of "
                                              "Carillon that applied it, or restore the file and add a new migration."};
      case MigrationState::unknown:
        return Error{ErrorCode::conflict,
                     which +
                         "was applied to this database by a newer Carillon, which this one does "
                         "not know. Run that version, or take it back there: carillon migrate down."};
      case MigrationState::missing:
        return Error{ErrorCode::conflict, which +
                                              "was never applied to this database, although newer ones were. Take "
                                              "those back (carillon migrate down), then migrate up."};
    }
  }
  return Done{};
}

Migrator::Migrator(std::string owner_url, std::vector<Migration> migrations)
    : url_(std::move(owner_url)), migrations_(std::move(migrations)) {}

std::vector<MigrationFacts> Migrator::status() const {
  MigrationTx transaction{url_};
  return migration_facts(transaction.tx(), migrations_);
}

Result<int> Migrator::up() const {
  {
    const auto facts = status();
    if (auto fits = refuse_misfits(facts); !fits) return fits.error();
    if (std::all_of(facts.begin(), facts.end(), [](const auto& f) { return f.state == MigrationState::applied; }))
      return 0;
  }
  for (int applied = 0;; ++applied) {
    const auto step = step_up();
    if (!step) return step.error();
    if (*step == Step::done) return applied;
  }
}

// Looks again under the lock: another starter may have been faster.
Result<Migrator::Step> Migrator::step_up() const {
  LockedTx locked{url_};
  locked->tx().exec(sql::create_migration_table);
  const auto facts = migration_facts(locked->tx(), migrations_);
  if (auto fits = refuse_misfits(facts); !fits) return fits.error();
  const auto pending =
      std::find_if(facts.begin(), facts.end(), [](const auto& f) { return f.state == MigrationState::pending; });
  if (pending == facts.end()) return Step::done;
  const auto& migration = migrations_[static_cast<std::size_t>(pending - facts.begin())];
  const std::string sha256 = checksum(locked->tx(), migration);
  locked->run_script(migration.up);
  locked->tx().exec(sql::insert_migration, migration.version, migration.name, sha256);
  locked->commit();
  log::info("migration applied", json{{"version", migration.version}, {"name", migration.name}});
  return Step::worked;
}

Result<int> Migrator::down_to(int version) const {
  for (int taken_back = 0;; ++taken_back) {
    const auto step = step_down(version);
    if (!step) return step.error();
    if (*step == Step::done) return taken_back;
  }
}

Result<Migrator::Step> Migrator::step_down(int version) const {
  LockedTx locked{url_};
  const auto facts = migration_facts(locked->tx(), migrations_);
  if (auto fits = refuse_misfits(facts); !fits) return fits.error();
  const auto newest =
      std::find_if(facts.rbegin(), facts.rend(), [](const auto& f) { return f.state == MigrationState::applied; });
  if (newest == facts.rend() || newest->version <= version) return Step::done;
  const auto& migration = migrations_[static_cast<std::size_t>(facts.rend() - newest) - 1];
  locked->run_script(migration.down);
  locked->tx().exec(sql::delete_migration, migration.version);
  locked->commit();
  log::info("migration taken back", json{{"version", migration.version}, {"name", migration.name}});
  return Step::worked;
}

}  // namespace carillon
