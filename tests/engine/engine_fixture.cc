#include "tests/engine/engine_fixture.h"

namespace carillon::test {

Result<ToolFacts> FakeTools::describe(const TenantId&, std::string_view tool, Duration) {
  ++described;
  const std::string server{tool.substr(0, tool.find('.'))};
  if (server == signed_out) return Error{ErrorCode::needs_sign_in, "sign in with `carillon login " + server + "`"};
  if (server == away) return Error{ErrorCode::server_unavailable, "it does not answer"};
  const auto found = tools.find(std::string(tool));
  if (found != tools.end()) return found->second;
  return Error{ErrorCode::unknown_tool, "no server offers " + std::string(tool)};
}

EngineFixture::EngineFixture()
    : store(database.urls(), PoolOptions{}),
      clock(*parse_rfc3339("2026-11-20T13:00:00Z")),
      engine({store, clock, tools, worker, ids}, {.zone = "Europe/Berlin", .sensitive = [this](std::string_view tool) {
                                                    return tools.hidden[std::string(tool)];
                                                  }}) {
  ToolFacts echo{.tool = "everything.echo",
                 .title = {},
                 .description = {},
                 .effect = Effect::read,
                 .timeout = {},
                 .input_schema = {},
                 .output_schema = {},
                 .sensitive = {}};
  echo.input_schema = ordered_json::parse(
      R"({"type":"object","required":["message"],"properties":{"message":{"type":"string"}},"additionalProperties":false})");
  tools.tools.emplace("everything.echo", echo);
  ToolFacts odd = echo;
  odd.tool = "everything.odd";
  odd.input_schema = ordered_json::parse(R"({"type":"no such type"})");
  tools.tools.emplace("everything.odd", odd);
  ToolFacts guarded = echo;
  guarded.tool = "everything.guarded";
  guarded.scopes = {Scope::tools, Scope::admin};
  tools.tools.emplace("everything.guarded", guarded);
}

Caller EngineFixture::caller(const std::string& agent, const std::string& tenant) const {
  return {TenantId{tenant}, AgentId{agent}, Scopes::all(), "0af7651916cd43dd8448eb211c80319c", ""};
}

Caller EngineFixture::caller_without(Scope scope) const {
  Caller lacking = caller("helper");
  lacking.scopes = lacking.scopes.missing_from({scope});
  return lacking;
}

Result<TaskSaved> EngineFixture::schedule(const std::string& arguments, OnConflict on_conflict) {
  return schedule_as(caller(), arguments, on_conflict);
}

Result<TaskSaved> EngineFixture::schedule_as(const Caller& who, const std::string& arguments, OnConflict on_conflict) {
  json given = json::parse(arguments);
  ScheduleTask command{.name = given.at("name"), .on_conflict = on_conflict};
  if (given.contains("client_generated_id")) {
    command.key = {.client_generated_id = given["client_generated_id"], .content = given.dump()};
    given.erase("client_generated_id");
  }
  given.erase("name");
  auto draft = read_draft(given);
  if (!draft) return draft.error();
  command.draft = std::move(*draft);
  return engine.schedule_task(who, command);
}

TaskSaved EngineFixture::scheduled(const std::string& arguments) {
  auto saved = schedule(arguments);
  if (!saved) INFO(saved.error().message);
  REQUIRE(saved.ok());
  return *saved;
}

Result<TaskSaved> EngineFixture::update(const std::string& task, const std::string& arguments, UpdateTask command) {
  auto draft = read_draft(json::parse(arguments));
  if (!draft) return draft.error();
  command.task = task;
  command.changes = std::move(*draft);
  return engine.update_task(caller(), command);
}

RunStarted EngineFixture::ran(const std::string& task) {
  auto started = engine.run_now(caller(), {.task = task});
  REQUIRE(started.ok());
  return *started;
}

void EngineFixture::set_now(const std::string& rfc3339) { clock.set(at(rfc3339)); }
Instant EngineFixture::at(const std::string& rfc3339) const { return *parse_rfc3339(rfc3339); }

void EngineFixture::start(const RunStarted& run, const std::string& call_state) {
  database.run(
      "WITH gone AS (DELETE FROM carillon.run_ready WHERE id = " + std::to_string(run.run_id) +
      " RETURNING *) INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, task_version, "
      "number, "
      "retry, attempt, takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, key_place, "
      "expires_at, folded, reason, payload, state, owner, epoch, lease_until, heartbeat_at, started_at, call_state) "
      "SELECT id, shard, priority, "
      "run_at, "
      "tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, origin, agent_id, correlation_id, "
      "concurrency_key, key_width, 1 + (SELECT count(*) FROM carillon.run_live l WHERE l.concurrency_key = "
      "gone.concurrency_key), expires_at, folded, reason, payload, 'running', 'test', 1, now() + interval '1 h', "
      "now(), "
      "run_at + "
      "interval '1 s', '" +
      call_state + "' FROM gone");
}

void EngineFixture::wait(const RunStarted& run) {
  start(run);
  database.run(
      "UPDATE carillon.run_live SET state = 'waiting', lease_until = 'infinity', wake_at = 'infinity' WHERE id = " +
      std::to_string(run.run_id));
}

void EngineFixture::finish(const RunStarted& run, const std::string& outcome, const std::string& error_class) {
  const std::string error = error_class.empty() ? "NULL, NULL" : "'" + error_class + "', 'it went wrong'";
  start(run);
  database.run(
      "WITH gone AS (DELETE FROM carillon.run_live WHERE id = " + std::to_string(run.run_id) +
      " RETURNING *) INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, "
      "takeovers, slot, folded, run_at, started_at, finished_at, late_by, origin, agent_id, correlation_id, outcome, "
      "error_class, error_message, payload, output, output_bytes) SELECT id, tenant_id, task_id, task_version, number, "
      "retry, "
      "attempt, takeovers, slot, folded, run_at, started_at, started_at + interval '2 s', interval '1 s', origin, "
      "agent_id, "
      "correlation_id, '" +
      outcome + "', " + error + ", payload, convert_to('{\"text\":\"done\"}', 'UTF8'), 15 FROM gone");
}

std::int64_t EngineFixture::count(const std::string& from) const {
  return std::stoll(database.ask("SELECT count(*) FROM carillon." + from));
}

}  // namespace carillon::test
