// `carillon import servers`: takes over the MCP servers that agent hosts already know.
#include <cstdio>
#include <filesystem>

#include "catalog/import.h"
#include "server/cli/command.h"
#include "server/process/executable.h"

namespace carillon::cli {
namespace {

constexpr Duration kLoginShellPatience = std::chrono::seconds{5};

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

}  // namespace

int run_import(const Words& words) {
  const auto parsed =
      parse_words(words, {.command = "import", .flags = {}, .own = {{"dry-run", "only say what would be done", ""}}});
  if (!parsed) return kExitUsage;
  if (parsed->rest.empty() || parsed->rest[0] != "servers") {
    std::fprintf(stderr, "carillon: say what: carillon import servers [FILE…]\n");
    return kExitUsage;
  }
  make_directories(parsed->config.paths, current_user());
  const auto report = catalog::import_servers(
      {.files = files_to_read(parsed->rest),
       .servers_file = parsed->config.catalog.servers_file,
       .vault_directory = parsed->config.catalog.vault_directory,
       .login_path = process::login_path(kLoginShellPatience),
       .mode = parsed->has("dry-run") ? catalog::ImportMode::only_look : catalog::ImportMode::write});
  if (!report.ok()) {
    std::fprintf(stderr, "carillon: %s\n", report.error().message.c_str());
    return kExitFailed;
  }
  print(*report, parsed->config.catalog.servers_file);
  return kExitOk;
}

}  // namespace carillon::cli
