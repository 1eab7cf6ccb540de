// What the tests of the repositories share: a database with two tenants, tasks and runs in a few words, and the
// question whether anything shows through the wall between the tenants. Belongs to the test's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/domain/run_id.h"
#include "server/store/run_store.h"
#include "server/store/store.h"
#include "server/store/task_store.h"
#include "tests/support/test_database.h"

namespace carillon::test {

inline const TenantId kMine{"default"};
inline const TenantId kTheirs{"other"};
inline constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}.time_since_epoch()};

struct TaskShape {
  std::string name;
  TaskState state = TaskState::active;
  std::string kind = "manual";
  std::string agent = "owner";
  std::vector<std::string> tags{};
  int priority = 5;
  std::string description{};
  std::string tool = "carillon.echo";
  bool hidden = false;
  std::int16_t shard = 3;
  std::optional<Instant> next_fire_at{};
};

struct RunShape {
  std::int64_t id;  // of the run: so many minutes after kNow; its number, too
  std::string agent = "owner";
  std::optional<std::string> concurrency_key{};
  int retry = 1;
  std::string payload{};
};

struct LiveShape {
  RunState state = RunState::running;
  std::string call_state = "idle";
};

RunId run_id(std::int64_t minutes);
TaskDefinition definition_of(const TaskShape& shape);

struct RepositoryFixture {
  TestDatabase database;
  Store store{database.urls(), {}};

  RepositoryFixture();

  template <class Work>
  auto mine(Work&& work) {
    return store.in_tx(kMine, work);
  }
  TaskId task(const TaskShape& shape, const TenantId& tenant = kMine);
  RunId queue(TaskId task, const RunShape& shape, const TenantId& tenant = kMine);
  // A run that a worker has claimed and begun a minute after it was due.
  RunId live(TaskId task, const RunShape& shape, const LiveShape& at = {});
  RunId ended(TaskId task, const RunShape& shape, RunState outcome, std::optional<ErrorClass> error_class = {});
  std::string count(const std::string& table) const { return database.ask("SELECT count(*) FROM carillon." + table); }

  // Whether `ask` sees (or moves) something for its owner, and nothing for anybody else: neither under the other
  // tenant's name where only the query's own condition keeps them apart, nor under the owner's name in the other
  // tenant's transaction, where only the table's policy does.
  template <class Ask>
  bool only_for_its_owner(Ask&& ask) {
    const bool by_name = store.across_tenants([&](Tx& tx) { return bool{ask(tx, kTheirs)}; });
    const bool by_policy = store.in_tx(kTheirs, [&](Tx& tx) { return bool{ask(tx, kMine)}; });
    const bool by_owner = store.in_tx(kMine, [&](Tx& tx) { return bool{ask(tx, kMine)}; });
    return by_owner && !by_name && !by_policy;
  }

 private:
  std::int64_t last_task_ = 100;
};

}  // namespace carillon::test
