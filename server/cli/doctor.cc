// `carillon doctor`: looks for what could keep schedules from running, and says what to do about it.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "catalog/catalog.h"
#include "catalog/entries_file.h"
#include "server/base/mask.h"
#include "server/cli/command.h"
#include "server/cli/daemon_link.h"
#include "server/cli/prompt_files.h"
#include "server/domain/schedule/zone.h"
#include "server/store/breaker_store.h"
#include "server/store/database.h"
#include "server/store/database_health.h"
#include "server/store/delivery_store.h"
#include "server/store/migrate.h"
#include "server/store/store.h"

namespace carillon::cli {
namespace {

constexpr Duration kLookAround = std::chrono::seconds{20};

enum class Verdict { good, odd, bad };

struct Finding {
  std::string what;
  Verdict verdict = Verdict::good;
  std::string says;
};
using Findings = std::vector<Finding>;

std::string_view name_of_verdict(Verdict verdict) {
  return verdict == Verdict::good ? "ok" : verdict == Verdict::odd ? "warn" : "FAIL";
}

void look_at_time(const Config& config, Findings& findings) {
  const std::string zone = config.tools.timezone == "local" ? machine_zone() : config.tools.timezone;
  const bool known = is_zone(zone);
  findings.push_back({"time zone", known ? Verdict::good : Verdict::bad,
                      zone + (known ? "" : " is not in the zone database; set tools.timezone to an IANA name")});
  findings.push_back(
      {"zone database", tzdata_version() == "unknown" ? Verdict::odd : Verdict::good, "tzdata " + tzdata_version()});
}

void look_at_daemon(const Config& config, Findings& findings) {
  const auto link = connect_daemon(config.paths, "status");
  if (!link.ok()) {
    findings.push_back(
        {"daemon", Verdict::odd, "not running; it is started by the first `carillon mcp` or `carillon serve`"});
    return;
  }
  const json status = link->answer.value("status", json::object());
  const bool ready = status.value("state", "") == "ready";
  findings.push_back({"daemon", ready ? Verdict::good : Verdict::bad,
                      status.value("state", "unknown") + ", pid " + status.value("pid", json(0)).dump() + ", " +
                          status.value("mcp", json("no HTTP")).dump()});
}

void look_at_deliveries(Store& store, Findings& findings) {
  const auto since = SystemClock{}.now() - std::chrono::hours{24};
  const auto kinds = store.across_tenants([&](Tx& tx) { return DeliveryStore{tx}.undelivered_kinds(since); });
  for (const auto& each : kinds)
    findings.push_back({"delivery " + each.kind, Verdict::odd,
                        std::to_string(each.total) + " not delivered; the latest: " + each.latest});
}

// Of the servers of this home: what the database knows of others may be about servers that are gone.
void look_at_breakers(Store& store, const Config& config, Findings& findings) {
  catalog::EntriesFile file{config.catalog.servers_file, catalog::Vault{config.catalog.vault_directory}};
  std::set<std::string> ours;
  for (const auto& entry : file.read_if_changed().value_or(catalog::EntriesRead{}).entries) ours.insert(entry.name);
  for (const auto& breaker : store.across_tenants([](Tx& tx) { return BreakerStore{tx}.all(); }))
    if (breaker.standing.state != BreakerState::closed && ours.contains(breaker.server))
      findings.push_back({"breaker " + breaker.server, Verdict::odd,
                          std::string{name_of(breaker.standing.state)} + ": " + say(breaker.standing)});
}

void look_into_database(const Database& database, const Config& config, Findings& findings) {
  const auto migrations = Migrator{database.urls().owner}.status();
  int applied = 0;
  for (const auto& facts : migrations) applied += facts.state == MigrationState::applied ? 1 : 0;
  const bool complete = applied == static_cast<int>(migrations.size());
  findings.push_back({"migrations", complete ? Verdict::good : Verdict::odd,
                      std::to_string(applied) + " of " + std::to_string(migrations.size()) + " applied" +
                          (complete ? "" : "; `carillon migrate up`, or any start of the daemon, applies the rest")});
  if (!complete) return;
  Store store{database.urls(), config.database.pool};
  const DatabaseHealth health = read_database_health(store, SystemClock{});
  findings.push_back(
      {"database", Verdict::good, "PostgreSQL " + health.version + ", " + std::string{name_of(database.kind())}});
  findings.push_back(
      {"second wall", health.second_wall == SecondWall::on ? Verdict::good : Verdict::odd,
       health.second_wall == SecondWall::on ? "row-level security binds callers" : "off: one login does everything"});
  for (const auto& problem : problems_of(health)) findings.push_back({"database", Verdict::odd, problem});
  look_at_deliveries(store, findings);
  look_at_breakers(store, config, findings);
}

void look_at_database(const Config& config, Findings& findings) {
  auto database = Database::open(config.database);
  if (!database.ok()) {
    findings.push_back({"database", Verdict::bad, database.error().message});
    return;
  }
  try {
    look_into_database(*database, config, findings);
  } catch (const std::exception& error) {
    findings.push_back({"database", Verdict::bad, error.what()});
  }
  database->close();
}

Verdict verdict_of(catalog::ServerState state) {
  if (state == catalog::ServerState::ready || state == catalog::ServerState::stopped) return Verdict::good;
  return state == catalog::ServerState::starting ? Verdict::odd : Verdict::bad;
}

void look_at_servers(const Config& config, Findings& findings) {
  catalog::Catalog catalog{config.catalog};
  catalog.look_around("", kLookAround);
  for (const auto& problem : catalog.problems())
    findings.push_back({"servers.json", Verdict::bad, problem.pointer + ": " + problem.message});
  for (const auto& warning : catalog.warnings()) findings.push_back({"servers.json", Verdict::odd, warning});
  for (const auto& server : catalog.servers()) {
    findings.push_back({"server " + server.name, verdict_of(server.state),
                        std::string{name_of(server.state)} +
                            (server.tool_count ? ", " + std::to_string(*server.tool_count) + " tools" : "") +
                            (server.last_error.empty() ? "" : ": " + server.last_error)});
    if (!server.sign_in.empty())
      findings.push_back(
          {"sign-in " + server.name, server.wants_person ? Verdict::odd : Verdict::good, server.sign_in});
  }
}

void look_at_prompts(const Config& config, Findings& findings) {
  for (const auto& problem : read_prompt_files(config.catalog.prompts_directory).problems)
    findings.push_back({"prompt template", Verdict::bad, problem});
}

void print(const Findings& findings) {
  for (const auto& finding : findings)
    std::printf("%-4s  %-20s %s\n", std::string{name_of_verdict(finding.verdict)}.c_str(), finding.what.c_str(),
                mask_secrets(finding.says).c_str());
}

json to_json(const Findings& findings) {
  json list = json::array();
  for (const auto& finding : findings)
    list.push_back(
        {{"what", finding.what}, {"verdict", name_of_verdict(finding.verdict)}, {"says", mask_secrets(finding.says)}});
  return list;
}

}  // namespace

int run_doctor(const Words& words) {
  const auto parsed = parse_words(words, {.command = "doctor", .flags = {}, .own = {{"json", "print JSON", ""}}});
  if (!parsed) return kExitUsage;
  make_directories(parsed->config.paths, current_user());
  Findings findings;
  look_at_time(parsed->config, findings);
  look_at_daemon(parsed->config, findings);
  look_at_database(parsed->config, findings);
  look_at_servers(parsed->config, findings);
  look_at_prompts(parsed->config, findings);
  if (parsed->has("json"))
    std::printf("%s\n", to_json(findings).dump(2).c_str());
  else
    print(findings);
  const bool bad =
      std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.verdict == Verdict::bad; });
  return bad ? kExitFailed : kExitOk;
}

}  // namespace carillon::cli
