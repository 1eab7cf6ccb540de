// Migrations: the database's shape, as numbered SQL files with a way up and a way down (migrations/NNNN_name.*.sql).
//
// Each runs in a transaction of its own, together with its row in public.carillon_migration, under a transaction-scoped
// advisory lock: killed half-way nothing of it is there, and of two starters one waits. Every row keeps the SHA-256 of
// the file that was applied. Going up or down is refused when an applied file was edited since, when the database knows
// a migration that this program does not (it is newer), and when one below an applied one is missing; status tells
// which. A program that finds everything applied only reads, so it needs no rights to change tables.
//
// Migrator holds no connection between calls; one thread at a time, any number of processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon {

struct Migration {
  int version;
  std::string name;
  std::string_view up, down;
};

// Those compiled in, by version. A file without its counterpart or with a number out of line stops the program.
std::vector<Migration> embedded_migrations();

enum class MigrationState { applied, pending, edited, unknown, missing };
std::string_view name_of(MigrationState state);

struct MigrationFacts {
  int version;
  std::string name;
  MigrationState state;
  std::optional<Instant> applied_at;
};

class Tx;

// What the database has against what the program has, in the caller's transaction. Any login may ask.
std::vector<MigrationFacts> migration_facts(Tx& tx, const std::vector<Migration>& migrations);
// Fits: everything is applied or pending. Refused with `conflict` and what to do otherwise.
Status refuse_misfits(const std::vector<MigrationFacts>& facts);

class Migrator {
 public:
  explicit Migrator(std::string owner_url, std::vector<Migration> migrations = embedded_migrations());

  std::vector<MigrationFacts> status() const;
  // Applies what is pending; how many that were. Refused with `conflict` and what to do when the record does not fit.
  Result<int> up() const;
  // Takes back, newest first, everything above `version` (0: all, and with it all data); how many that were.
  Result<int> down_to(int version) const;

 private:
  enum class Step { done, worked };
  Result<Step> step_up() const;
  Result<Step> step_down(int version) const;

  std::string url_;
  std::vector<Migration> migrations_;
};

}  // namespace carillon
