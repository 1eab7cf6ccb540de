#include "tests/store/repository_fixture.h"

namespace carillon::test {

RunId run_id(std::int64_t minutes) { return first_id_at(kNow + std::chrono::minutes{minutes}); }

TaskDefinition definition_of(const TaskShape& shape) {
  TaskDefinition definition;
  definition.when = "manual";
  definition.schedule = *parse_when("manual", {.now = kNow, .zone = "UTC"});
  definition.action.kind = ActionKind::tool;
  definition.action.tool = shape.tool;
  definition.description = shape.description;
  definition.tags = shape.tags;
  definition.priority = shape.priority;
  return definition;
}

RepositoryFixture::RepositoryFixture() { database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')"); }

TaskId RepositoryFixture::task(const TaskShape& shape, const TenantId& tenant) {
  const TaskId id{++last_task_};
  store.in_tx(tenant, [&](Tx& tx) {
    TaskStore tasks{tx};
    tasks.insert(tenant,
                 {.id = id,
                  .name = shape.name,
                  .state = shape.state,
                  .kind = shape.kind,
                  .agent = shape.agent,
                  .hidden = shape.hidden,
                  .at = kNow},
                 definition_of(shape));
    tasks.insert_schedule(
        tenant, id, {.shard = shape.shard, .task_version = 1, .last_slot = kNow, .next_fire_at = shape.next_fire_at});
  });
  return id;
}

RunId RepositoryFixture::queue(TaskId task, const RunShape& shape, const TenantId& tenant) {
  const RunId id = run_id(shape.id);
  store.in_tx(tenant, [&](Tx& tx) {
    RunStore{tx}.insert_ready(tenant, {.shard = 3,
                                       .priority = 5,
                                       .run_at = made_at(id),
                                       .id = id,
                                       .task = task,
                                       .task_version = 1,
                                       .number = shape.id,
                                       .retry = shape.retry,
                                       .origin = "run_now",
                                       .agent = AgentId{shape.agent},
                                       .correlation_id = "trace",
                                       .concurrency_key = shape.concurrency_key,
                                       .payload = shape.payload});
  });
  return id;
}

RunId RepositoryFixture::live(TaskId task, const RunShape& shape, const LiveShape& at) {
  const RunId id = queue(task, shape);
  database.run("WITH claimed AS (DELETE FROM carillon.run_ready WHERE id = " + id.str() +
               " RETURNING *) INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, "
               "task_version, number,"
               " retry, attempt, takeovers, origin, agent_id, correlation_id, concurrency_key, folded, payload, state, "
               "owner, epoch,"
               " lease_until, heartbeat_at, started_at, call_state, wake_at)"
               " SELECT id, shard, priority, run_at, tenant_id, task_id, task_version, number, retry, attempt, "
               "takeovers, origin,"
               " agent_id, correlation_id, concurrency_key, folded, payload, '" +
               std::string(name_of(at.state)) + "', 'worker', 1, 'infinity', run_at, run_at + interval '1 min', '" +
               at.call_state + "', " + (at.state == RunState::waiting ? "'infinity'" : "NULL") + " FROM claimed");
  return id;
}

RunId RepositoryFixture::ended(TaskId task, const RunShape& shape, RunState outcome,
                               std::optional<ErrorClass> error_class) {
  const RunId id = live(task, shape);
  mine([&](Tx& tx) {
    // Ten seconds for every minute of its id, so that durations differ.
    const Instant at = made_at(id) + std::chrono::minutes{1} + std::chrono::seconds{10} * shape.id;
    RunStore{tx}.end_live(kMine, id, {RunState::running, "idle"},
                          {.outcome = outcome, .at = at, .error_class = error_class});
  });
  return id;
}

}  // namespace carillon::test
