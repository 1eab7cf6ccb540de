#include "tests/support/installation.h"

#include <sstream>

#include "server/domain/run_handle.h"

namespace carillon::test {
namespace {

// "FROM carillon.run_ready WHERE …" for one run by its handle.
std::string where_is(const std::string& table, const std::string& run) {
  const auto handle = parse_run_handle(run);
  REQUIRE(handle.has_value());
  return "FROM carillon." + table + " WHERE number = " + std::to_string(handle->number) +
         " AND retry = " + std::to_string(handle->retry) +
         " AND task_id = (SELECT task_id FROM carillon.task WHERE name = '" + handle->task + "')";
}

void check_line(const std::string& line, const std::string& text) {
  INFO("missing in the text: " << line << "\n" << text);
  CHECK(text.find(line) != std::string::npos);
}

}  // namespace

void check_same(const json& structured, const std::string& text) {
  if (structured.is_structured()) {
    for (const auto& member : structured) check_same(member, text);
    return;
  }
  if (!structured.is_string()) return check_line(structured.dump(), text);
  std::istringstream lines{structured.get<std::string>()};
  for (std::string line; std::getline(lines, line);) check_line(line, text);
}

transport::RequestContext Installation::context() const {
  transport::RequestContext context;
  context.principal = {.tenant = "default", .agent = "owner", .scopes = scopes, .kind = "person"};
  context.correlation_id = "0af7651916cd43dd8448eb211c80319c";
  context.cancelled = client.get_token();
  context.channel = std::make_shared<NoChannel>();
  return context;
}

std::future<transport::ToolOutcome> Installation::start(const std::string& tool, json arguments) {
  auto promise = std::make_shared<std::promise<transport::ToolOutcome>>();
  tools.call_tool(context(), tool, std::move(arguments),
                  [promise](transport::ToolOutcome outcome) { promise->set_value(std::move(outcome)); });
  return promise->get_future();
}

transport::Answer Installation::answer(const std::string& tool, json arguments) {
  auto future = start(tool, std::move(arguments));
  REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
  auto outcome = future.get();
  REQUIRE(std::holds_alternative<transport::Answer>(outcome));
  return std::get<transport::Answer>(std::move(outcome));
}

json Installation::call(const std::string& tool, json arguments) {
  const auto said = answer(tool, std::move(arguments));
  const std::string text = said.content.at(0).at("text");
  INFO(text);
  REQUIRE_FALSE(said.is_error);
  check_same(*said.structured, text);
  return *said.structured;
}

json Installation::refused(const std::string& tool, json arguments) {
  const auto said = answer(tool, std::move(arguments));
  const std::string text = said.content.at(0).at("text");
  INFO(text);
  REQUIRE(said.is_error);
  return json::parse(text);
}

void Installation::begin(const std::string& run) {
  database.run(
      "WITH gone AS (DELETE " + where_is("run_ready", run) +
      " RETURNING *) INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, task_version, "
      "number, retry, attempt, takeovers, slot, origin, agent_id, correlation_id, folded, payload, state, owner, "
      "epoch, "
      "lease_until, heartbeat_at, started_at) SELECT id, shard, priority, run_at, tenant_id, task_id, task_version, "
      "number, retry, attempt, takeovers, slot, origin, agent_id, correlation_id, folded, payload, 'running', 'test', "
      "1, "
      "now() + interval '1 h', now(), run_at FROM gone");
}

void Installation::settle(const std::string& run, const std::string& outcome, const json& output,
                          const std::string& error_class) {
  const bool begun = !database.ask("SELECT id " + where_is("run_live", run)).empty();
  const std::string which = where_is(begun ? "run_live" : "run_ready", run);
  const std::string id = database.ask("SELECT id " + which);
  INFO(run
       << " of "
       << database.ask(
              "SELECT string_agg(number || chr(46) || retry || chr(58) || task_id, chr(32)) FROM carillon.run_ready"));
  REQUIRE_FALSE(id.empty());
  const std::string stored = output.is_null() ? "NULL" : "convert_to('" + output.dump() + "', 'UTF8')";
  const std::string error = error_class.empty() ? "NULL, NULL" : "'" + error_class + "', 'it said so'";
  database.run(
      "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
      "slot, "
      "folded, run_at, started_at, finished_at, late_by, origin, agent_id, correlation_id, outcome, error_class, "
      "error_message, payload, output, output_bytes) SELECT id, tenant_id, task_id, task_version, number, retry, 1, "
      "takeovers, slot, folded, run_at, run_at, run_at + interval '4.1 seconds', interval '0', origin, agent_id, "
      "correlation_id, '" +
      outcome + "', " + error + ", payload, " + stored + ", " +
      std::to_string(output.is_null() ? 0 : output.dump().size()) + " " + which + "; DELETE " + which);
  engine.watch().finished(RunId{std::stoll(id)});
}

}  // namespace carillon::test
