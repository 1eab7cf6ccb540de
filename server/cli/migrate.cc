// `carillon migrate up | down | status | url`.
#include <charconv>
#include <cstdio>

#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/store/database.h"
#include "server/store/migrate.h"

namespace carillon::cli {
namespace {

int print_status(const Migrator& migrator) {
  int pending = 0;
  for (const auto& facts : migrator.status()) {
    pending += facts.state == MigrationState::applied ? 0 : 1;
    std::printf("%04d  %-24s %-8s %s\n", facts.version, facts.name.c_str(), std::string{name_of(facts.state)}.c_str(),
                facts.applied_at ? to_rfc3339(*facts.applied_at).c_str() : "");
  }
  return pending == 0 ? kExitOk : kExitFailed;
}

int print_count(const Result<int>& count, const char* what) {
  if (!count.ok()) return refused(count.error());
  std::printf("%d %s\n", *count, what);
  return kExitOk;
}

int go_down(const Migrator& migrator, const Words& rest) {
  int version = 0;
  const std::string target = rest.size() > 1 ? rest[1] : "";
  const auto [end, error] = std::from_chars(target.data(), target.data() + target.size(), version);
  if (target.empty() || error != std::errc{} || end != target.data() + target.size()) {
    std::fprintf(stderr,
                 "carillon: say down to which version: carillon migrate down 0 (0 removes everything, data too)\n");
    return kExitUsage;
  }
  return print_count(migrator.down_to(version), "migrations taken back");
}

}  // namespace

int run_migrate(const Words& words) {
  const auto parsed = parse_words(words, {.command = "migrate", .flags = {}, .own = {}});
  if (!parsed) return kExitUsage;
  const std::string what = parsed->rest.empty() ? "" : parsed->rest[0];
  if (what != "up" && what != "down" && what != "status" && what != "url") {
    std::fprintf(stderr, "carillon: say which: carillon migrate up | down VERSION | status | url\n");
    return kExitUsage;
  }
  make_directories(parsed->config.paths, current_user());
  auto database = Database::open(parsed->config.database);
  if (!database.ok()) return refused(database.error());
  int code = kExitOk;
  const Migrator migrator{database->urls().owner};
  if (what == "url")
    std::printf("%s\n", database->urls().owner.c_str());
  else if (what == "status")
    code = print_status(migrator);
  else if (what == "up")
    code = print_count(migrator.up(), "migrations applied");
  else
    code = go_down(migrator, parsed->rest);
  database->close();
  return code;
}

}  // namespace carillon::cli
