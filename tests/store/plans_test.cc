// The shapes of the plans of the statements that run all the time, as tests/store/plans/<name>.txt keeps them: node
// types and indexes, no estimates. A changed file says that an index is no longer used, before a full queue says it.
// The hot path keeps its statements prepared, so its plans are the generic ones. CARILLON_WRITE_DOCS=1 writes the files
// anew.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <regex>
#include <sstream>

#include "server/store/connection.h"
#include "server/store/sql.h"
#include "tests/support/queued_runs.h"
#include "tests/support/test_database.h"

using namespace carillon;

namespace {

// Enough rows that a wrong plan is dearer than the right one; history in each of its partitions.
constexpr const char* kRows[] = {
    "INSERT INTO carillon.task (tenant_id, task_id, name, state, version, kind, action_kind, agent_id, zone, "
    "target_sha256, "
    "created_at, created_by, updated_at) SELECT 'default', i, 'task-' || i, 'active', 1, 'cron', 'tool', 'owner', "
    "'UTC', '', "
    "now(), 'owner', now() FROM generate_series(1, 2000) i",
    "INSERT INTO carillon.task_version (tenant_id, task_id, version, definition, created_at, created_by) SELECT "
    "'default', i, "
    "1, '{}', now(), 'owner' FROM generate_series(1, 2000) i",
    "INSERT INTO carillon.schedule_state (tenant_id, task_id, shard, task_version, last_slot, next_fire_at) SELECT "
    "'default', "
    "i, i % 16, 1, now(), now() + interval '1 min' * i FROM generate_series(1, 2000) i",
    "INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, task_version, number, retry, "
    "attempt, "
    "takeovers, origin, agent_id, correlation_id, concurrency_key, folded, state, owner, epoch, lease_until, "
    "heartbeat_at) "
    "SELECT 100000 + i, i % 16, 5, now(), 'default', 1 + i % 2000, 1, i, 1, 1, 0, 'schedule', 'owner', '', "
    "CASE WHEN i % 10 = 0 THEN 'key-' || i END, 0, 'running', 'one', 1, now() + interval '1 h', now() "
    "FROM generate_series(1, 5000) i",
    "UPDATE carillon.run_ready SET concurrency_key = 'key-' || id WHERE id % 10 = 0",
    "INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, "
    "folded, run_at, "
    "started_at, finished_at, origin, agent_id, correlation_id, outcome) SELECT carillon.first_run_id(now() + "
    "interval '7 days' * week) + i, 'default', 1 + i % 2000, 1, i, 1, 1, 0, 0, now(), now(), now(), 'schedule', "
    "'owner', '', "
    "'succeeded' FROM generate_series(1, 5000) i, generate_series(0, 4) week",
    "INSERT INTO carillon.work_item (tenant_id, run_id, step_path, attempt, agent, prompt, data, expect, expires_at, "
    "asked_at, outcome, ended_at, answered_by) SELECT 'default', 100000 + i, 'a', 1, 'agent-' || i % 50, 'x', '{}', "
    "'', "
    "'infinity', now(), CASE WHEN i % 20 > 0 THEN 'answered' END, CASE WHEN i % 20 > 0 THEN now() END, "
    "CASE WHEN i % 20 > 0 THEN 'one' END FROM generate_series(1, 5000) i",
    "INSERT INTO carillon.approval (tenant_id, run_id, step_path, attempt, message, arguments, digest, deciders, "
    "quorum, "
    "on_expiry, on_reject, expires_at, asked_at, outcome, decided_at) SELECT 'default', 100000 + i, 'b', 1, 'x', '{}', "
    "'', "
    "ARRAY['person'], 1, 'fail', 'fail', 'infinity', now(), CASE WHEN i % 20 > 0 THEN 'approved' END, "
    "CASE WHEN i % 20 > 0 THEN now() END FROM generate_series(1, 5000) i",
    "ANALYZE",
};

struct PlanCase {
  const EmbeddedText& query;
  std::string mode;                     // of plan_cache_mode
  std::string arguments;                // empty: all NULL, which a generic plan does not look at
  std::string may_read_whole = "none";  // of the hot tables
};

std::string file_of(const PlanCase& each) { return "tests/store/plans/" + std::string(each.query.name) + ".txt"; }

std::string all_null(std::string_view query) {
  static const std::regex kParameter{R"(\$([0-9]+))"};
  int most = 0;
  for (std::cregex_iterator found{query.data(), query.data() + query.size(), kParameter}, end; found != end; ++found)
    most = std::max(most, std::stoi((*found)[1]));
  std::string list = "NULL";
  for (int i = 1; i < most; ++i) list += ", NULL";
  return list;
}

// One line of EXPLAIN as a node of the tree; nothing for its conditions and keys. Partitions are told apart by nothing.
std::optional<std::string> node_of(const std::string& line, bool first) {
  static const std::regex kNode{R"(^( *)(?:->  )?(\S.*)$)"}, kPartition{"run_history_(w[0-9]+|default)"};
  static const std::regex kAlias{R"( on (\w+) \w+$)"}, kReturns{R"( \(returns .*\)$)"};
  std::smatch parts;
  if (!std::regex_match(line, parts, kNode)) return std::nullopt;
  const std::string rest = parts[2];
  const bool plan = first || line.rfind(parts[1].str() + "->  ", 0) == 0;
  const bool named = rest.rfind("CTE ", 0) == 0 || rest.rfind("InitPlan ", 0) == 0 || rest.rfind("SubPlan ", 0) == 0;
  if (!plan && !named) return std::nullopt;
  const std::string plain = std::regex_replace(std::regex_replace(rest, kReturns, ""), kAlias, " on $1");
  return parts[1].str() + std::regex_replace(plain, kPartition, "run_history_*");
}

// How many partitions there are depends on when the database was made, so equal ones in a row (a Result over a scan)
// are one.
std::string shape(const pqxx::result& explained) {
  std::vector<std::string> lines;
  for (const auto& row : explained)
    if (const auto node = node_of(row[0].as<std::string>(), lines.empty())) lines.push_back(*node);
  const auto is_partition = [&](std::size_t i) { return lines[i].find("run_history_*") != std::string::npos; };
  for (std::size_t i = 3; i < lines.size();) {
    const bool again = is_partition(i) && lines[i] == lines[i - 2] && lines[i - 1] == lines[i - 3];
    const auto here = lines.begin() + static_cast<std::ptrdiff_t>(i);
    if (again)
      lines.erase(here - 1, here + 1);
    else
      ++i;
  }
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

std::string plan(const test::TestDatabase& database, const PlanCase& each) {
  Connection connection{each.mode == "force_generic_plan" ? database.urls().dispatch : database.urls().app};
  pqxx::nontransaction work{connection.wire};
  work.exec("SET plan_cache_mode = " + each.mode);
  work.exec("SET jit = off");
  if (each.mode == "force_generic_plan") work.exec_params(std::string{sql::hot_path_session.text}, "0", "plans");
  work.exec("SELECT set_config('carillon.tenant', 'default', false)");
  work.exec("PREPARE asked AS " + std::string(each.query.text));
  const std::string arguments = each.arguments.empty() ? all_null(each.query.text) : each.arguments;
  return shape(work.exec("EXPLAIN (COSTS OFF, FORMAT TEXT) EXECUTE asked(" + arguments + ")"));
}

std::string text_of(const std::string& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the plans of hot queries have their stored shapes and read no hot table as a whole", "[store][plans]") {
  const test::TestDatabase database;
  database.run("VACUUM ANALYZE");
  // A worker prepares its statements when it starts and keeps their plans, whatever comes.
  std::map<std::string_view, std::string> when_empty;
  for (const auto* query : {&sql::settle_runs, &sql::mark_runs, &sql::renew_leases, &sql::hand_back_runs})
    when_empty[query->name] = plan(database, {*query, "force_generic_plan", ""});
  const std::string claim_when_empty = plan(database, {sql::claim_runs, "force_generic_plan", ""});
  CHECK(claim_when_empty.find("Index Scan using run_ready_pkey on run_ready") != std::string::npos);
  test::put_many_ready(database, 1, 20000, 1);
  for (const auto* rows : kRows) database.run(rows);
  // Another major version may well choose other nodes; it may not read more.
  const bool same_planner = database.ask("SELECT current_setting('server_version_num')::int / 10000") == "15";
  const PlanCase cases[] = {
      {sql::claim_runs, "force_generic_plan", ""},
      {sql::settle_runs, "force_generic_plan", ""},
      {sql::mark_runs, "force_generic_plan", ""},
      {sql::renew_leases, "force_generic_plan", ""},
      {sql::hand_back_runs, "force_generic_plan", ""},
      {sql::due_schedules, "force_generic_plan", ""},
      // The queue has no index for people who look at it: the claim would have to keep it up.
      {sql::list_runs, "force_custom_plan", "'default', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 50, NULL, NULL",
       "run_ready"},
      {sql::awaiting_runs, "force_custom_plan",
       "'default', ARRAY['', 'scout'], 'scout', now(), ARRAY['agent:scout'], false, 100"},
  };
  for (const PlanCase& each : cases) {
    INFO(file_of(each));
    const std::string now = plan(database, each);
    if (const auto before = when_empty.find(each.query.name); before != when_empty.end()) CHECK(before->second == now);
    for (const std::string table :
         {"run_ready", "run_live", "run_history", "schedule_state", "task", "outbox", "work_item", "approval"})
      if (table != each.may_read_whole) CHECK_FALSE(std::regex_search(now, std::regex{"Seq Scan on " + table}));
    if (std::getenv("CARILLON_WRITE_DOCS") != nullptr) std::ofstream{file_of(each)} << now;
    if (same_planner) CHECK(text_of(file_of(each)) == now);
  }
}
