#include "server/cli/health_facts.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/version.h"
#include "server/store/database_health.h"

namespace carillon::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;
using namespace nlohmann::literals;

constexpr std::int64_t kStartSeconds = 10;  // in which the workers make their first round

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

json describe(const DatabaseHealth& health, const Database& database) {
  json hot = json::object();
  for (const auto& table : health.hot_tables) hot[table.table] = {{"live", table.live_rows}, {"dead", table.dead_rows}};
  return {{"state", "ok"},
          {"kind", name_of(database.kind())},
          {"version", health.version},
          {"second_wall", name_of(health.second_wall)},
          {"size_bytes", health.size_bytes},
          {"oldest_snapshot_seconds", in_seconds(health.oldest_snapshot)},
          {"clock_offset_seconds", in_seconds(health.clock_offset)},
          {"hot_tables", hot}};
}

json describe(const std::vector<MigrationFacts>& migrations) {
  json list = json::array();
  for (const auto& facts : migrations)
    list.push_back({{"version", facts.version}, {"name", facts.name}, {"state", name_of(facts.state)}});
  return list;
}

void add_database(const HealthParts& parts, web::HealthFacts& facts) {
  try {
    const DatabaseHealth health = read_database_health(parts.store, SystemClock{});
    facts.details["database"] = describe(health, parts.database);
    facts.details["migrations"] = describe(health.migrations);
    for (auto& problem : problems_of(health)) facts.problems.push_back(std::move(problem));
  } catch (const std::exception& error) {
    log::warn("health: the database does not answer", {{"why", error.what()}});
    facts.readiness = web::Readiness::degraded;
    facts.problems.emplace_back("the database does not answer");
    facts.details["database"] = {{"state", "unreachable"}, {"kind", name_of(parts.database.kind())}};
  }
}

void add_scheduler(const WorkerFacts& worker, web::HealthFacts& facts) {
  facts.details["scheduler"] = {{"shards", worker.shards},
                                {"runs_in_flight", worker.runs_in_flight},
                                {"unwritten", worker.unwritten},
                                {"listening", worker.listening},
                                {"lag_seconds", metrics::value_of("carillon_oldest_due_seconds")}};
  if (worker.database || facts.readiness != web::Readiness::ready) return;
  const bool young = facts.details["uptime_seconds"].get<std::int64_t>() < kStartSeconds;
  facts.readiness = young ? web::Readiness::starting : web::Readiness::degraded;
  facts.problems.emplace_back(young ? "the workers have not made their first round"
                                    : "the workers cannot reach the database");
}

json describe(const std::vector<catalog::ServerReport>& servers) {
  json list = json::array();
  for (const auto& server : servers)
    list.push_back({{"name", server.name},
                    {"state", name_of(server.state)},
                    {"breaker", name_of(server.breaker.state)},
                    {"in_flight", server.in_flight}});
  return list;
}

}  // namespace

web::HealthFacts read_health(const HealthParts& parts) {
  web::HealthFacts facts;
  facts.readiness = web::Readiness::ready;
  const Instant now = SystemClock{}.now();
  facts.details = {{"version", kVersion}, {"uptime_seconds", duration_cast<seconds>(now - parts.started_at).count()}};
  add_database(parts, facts);
  add_scheduler(parts.worker.facts(), facts);
  facts.details["servers"] = describe(parts.catalog.servers());
  for (const auto& problem : parts.catalog.problems())
    facts.problems.push_back("servers.json " + problem.pointer + ": " + problem.message);
  return facts;
}

json status_of(const web::HealthFacts& facts, const Addresses& addresses) {
  const bool serves_http = !addresses.http.empty();
  return {{"state", web::name_of(facts.readiness)},
          {"pid", ::getpid()},
          {"version", kVersion},
          {"http", serves_http ? json(addresses.http) : json(nullptr)},
          {"mcp", serves_http ? json(addresses.http + "/mcp") : json(nullptr)},
          {"socket", addresses.socket},
          {"database", facts.details.value("/database/kind"_json_pointer, json("unknown"))},
          {"problems", facts.problems}};
}

}  // namespace carillon::cli
