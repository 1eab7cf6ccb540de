#include "tests/support/queued_runs.h"

namespace carillon::test {

void put_task(const TestDatabase& database, std::int64_t task, const std::string& definition) {
  const std::string id = std::to_string(task);
  database.run(
      "INSERT INTO carillon.task (tenant_id, task_id, name, state, version, kind, action_kind, agent_id, zone, "
      "target_sha256, "
      "created_at, created_by, updated_at) VALUES ('default', " +
      id + ", 'task-" + id + "', 'active', 1, 'manual', 'tool', 'owner', 'UTC', '', now(), 'owner', now())");
  database.run(
      "INSERT INTO carillon.task_version (tenant_id, task_id, version, definition, created_at, created_by) VALUES "
      "('default', " +
      id + ", 1, convert_to($json$" + definition + "$json$, 'UTF8'), now(), 'owner')");
}

void put_ready(const TestDatabase& database, const QueuedRun& run) {
  const auto number = [](auto value) { return std::to_string(value); };
  database.run(
      "INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, "
      "attempt, takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, expires_at, folded, "
      "payload) "
      "VALUES (" +
      number(run.shard) + ", " + number(run.priority) + ", " + run.run_at + ", " + number(run.id) + ", 'default', " +
      number(run.task) + ", 1, " + number(run.id) + ", 1, 1, " + number(run.takeovers) +
      ", NULL, 'run_now', 'owner', 'trace', " + run.key + ", " + number(run.key_width) + ", " + run.expires_at +
      ", 0, " + run.payload + ")");
}

void put_many_ready(const TestDatabase& database, std::int64_t first, std::int64_t last, std::int64_t task) {
  database.run(
      "INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, "
      "attempt, takeovers, origin, agent_id, correlation_id, folded) SELECT i % 16, 5, now() - interval '1 s', i, "
      "'default', " +
      std::to_string(task) + ", 1, i, 1, 1, 0, 'run_now', 'owner', 'trace', 0 FROM generate_series(" +
      std::to_string(first) + "::bigint, " + std::to_string(last) + ") i");
}

std::string misplaced(const TestDatabase& database, std::int64_t first, std::int64_t last) {
  return database.ask(
      "WITH place AS (SELECT id FROM carillon.run_ready UNION ALL SELECT id FROM carillon.run_live UNION ALL "
      "SELECT id FROM carillon.run_history), twice AS (SELECT id FROM place GROUP BY id HAVING count(*) > 1), "
      "nowhere AS (SELECT i AS id FROM generate_series(" +
      std::to_string(first) + "::bigint, " + std::to_string(last) +
      ") i WHERE i NOT IN (SELECT id FROM place)) SELECT string_agg(id::text, ' ') FROM "
      "(SELECT id FROM twice UNION SELECT id FROM nowhere) wrong");
}

}  // namespace carillon::test
