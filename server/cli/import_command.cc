// `carillon import`: takes over the MCP servers that agent hosts already know, tasks and pipelines from files,
// crontabs.
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "catalog/import.h"
#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/conversation.h"
#include "server/cli/import_items.h"
#include "server/cli/json_lines.h"
#include "server/process/executable.h"

namespace carillon::cli {
namespace {

constexpr Duration kShellPatience = std::chrono::seconds{5};
constexpr std::size_t kFileBytesMax = 16 << 20;

std::vector<catalog::HostFile> files_to_read(const Words& rest) {
  std::vector<catalog::HostFile> files;
  for (std::size_t i = 1; i < rest.size(); ++i) files.push_back({.host = "file", .path = rest[i]});
  if (!files.empty()) return files;
  const Variable variable = process_environment();
  const std::string home = variable("HOME").value_or("/");
  return catalog::host_files({.home = home,
                              .config_home = variable("XDG_CONFIG_HOME").value_or(home + "/.config"),
                              .directory = std::filesystem::current_path().string()});
}

void print(const catalog::ImportReport& report, const std::string& servers_file) {
  for (const auto& server : report.servers)
    std::printf("%-8s %-24s %s%s%s\n", std::string{name_of(server.what)}.c_str(), server.name.c_str(),
                server.host.c_str(), server.why.empty() ? "" : ": ", server.why.c_str());
  for (const auto& unreadable : report.unreadable) std::printf("unread   %s\n", unreadable.c_str());
  std::printf("%zu servers added to %s\n", report.count(catalog::Imported::added), servers_file.c_str());
}

int import_from_hosts(const Parsed& parsed) {
  make_directories(parsed.config.paths, current_user());
  const auto report = catalog::import_servers(
      {.files = files_to_read(parsed.rest),
       .servers_file = parsed.config.catalog.servers_file,
       .vault_directory = parsed.config.catalog.vault_directory,
       .login_path = process::login_path(kShellPatience),
       .mode = parsed.has("dry-run") ? catalog::ImportMode::only_look : catalog::ImportMode::write});
  if (!report.ok()) return failure(report.error().message);
  print(*report, parsed.config.catalog.servers_file);
  return kExitOk;
}

// What of it a terminal would act on is left out.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text;
}

void print(const ImportedRow& row) {
  std::printf("%-9s %-32s %s%s%s\n", row.what.c_str(), printable(row.name).c_str(), printable(row.place).c_str(),
              row.said.empty() ? "" : ": ", printable(row.said).c_str());
  for (const auto& note : row.notes) std::printf("          warning: %s\n", printable(note).c_str());
}

std::vector<ImportItem> items_in(const std::string& path, const Parsed& parsed) {
  const std::string place = path == "-" ? "stdin" : path;
  if (parsed.rest[0] == "crontab") {
    const auto text = read_file(path, kFileBytesMax);
    if (!text) return {{.place = place, .problem = text.error().message}};
    return items_of_crontab(*text, place, parsed.has("users") ? CrontabForm::with_users : CrontabForm::own);
  }
  const auto file = read_json_file(path, kFileBytesMax);
  if (!file) return {{.place = place, .problem = file.error().message}};
  return items_of(*file, place);
}

void print_counts(const std::map<std::string, int>& counts, const Parsed& parsed) {
  std::string text;
  for (const auto& [what, count] : counts) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  std::printf("%s%s\n", text.empty() ? "nothing to import" : text.c_str(),
              parsed.has("dry-run") ? "; nothing was saved" : "");
}

int import_from_files(const Parsed& parsed) {
  std::vector<std::string> paths{parsed.rest.begin() + 1, parsed.rest.end()};
  if (paths.empty()) paths.emplace_back("-");
  std::optional<Conversation> daemon;
  ImportTarget target{.tool = parsed.rest[0] == "pipelines" ? "save_pipeline" : "schedule_task",
                      .call = [&](const json& params) -> std::optional<json> {
                        const auto response = daemon->ask("tools/call", params);
                        if (!response || !response->contains("error"))
                          return response ? std::optional{response->at("result")} : std::nullopt;
                        return json{{"isError", true}, {"structuredContent", response->at("error")}};
                      }};
  if (parsed.has("dry-run")) target.more["dry_run"] = true;
  if (parsed.has("update")) target.more["on_conflict"] = "update";
  std::map<std::string, int> counts;
  for (const auto& path : paths)
    for (const auto& item : items_in(path, parsed)) {
      if (!daemon && item.problem.empty()) {
        auto opened = Conversation::open(parsed.config.paths);
        if (!opened) return refused(opened.error());
        daemon = *std::move(opened);
      }
      const auto row = import_item(item, target);
      if (!row) return refused({ErrorCode::unavailable, "the daemon closed the connection before it answered"});
      print(*row);
      ++counts[row->what];
    }
  print_counts(counts, parsed);
  return counts.contains("refused") ? kExitFailed : kExitOk;
}

}  // namespace

int run_import(const Words& words) {
  const auto parsed =
      parse_words(words, {.command = "import",
                          .flags = {},
                          .own = {{"dry-run", "only say what would be done", ""},
                                  {"update", "change tasks that are there and differ; else they are refused", ""},
                                  {"users", "the crontab names a user in each entry, as /etc/crontab does", ""}}});
  if (!parsed) return kExitUsage;
  const std::string what = parsed->rest.empty() ? "" : parsed->rest[0];
  if (parsed->has("users") && what != "crontab") return usage_error("--users belongs to carillon import crontab");
  if (parsed->has("update") && what != "tasks" && what != "crontab")
    return usage_error("--update belongs to carillon import tasks and crontab");
  if (what == "servers") return import_from_hosts(*parsed);
  if (what == "tasks" || what == "pipelines" || what == "crontab") return import_from_files(*parsed);
  return usage_error("say what: carillon import servers, tasks, pipelines or crontab, and files");
}

}  // namespace carillon::cli
