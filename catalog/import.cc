#include "catalog/import.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "catalog/entries_file.h"
#include "catalog/server_entry.h"
#include "server/process/executable.h"

namespace carillon::catalog {
namespace {

// All the objects of entries in a host's file: at the top, and in Claude Code's file once for each project.
std::vector<const ordered_json*> all_entries(const ordered_json& document) {
  std::vector<const ordered_json*> found;
  if (const auto* entries = find_entries(document)) found.push_back(entries);
  if (!document.is_object()) return found;
  if (const auto mcp = document.find("mcp"); mcp != document.end())  // VS Code's settings.json
    if (const auto* entries = find_entries(*mcp)) found.push_back(entries);
  if (const auto projects = document.find("projects"); projects != document.end() && projects->is_object())
    for (const auto& project : *projects)
      if (const auto* entries = find_entries(project)) found.push_back(entries);
  return found;
}

// The entry as our file keeps it: only what we understand, the command absolute, the login PATH beside it.
ordered_json own_form(const ordered_json& entry, const std::string& login_path) {
  ordered_json own = ordered_json::object();
  for (const char* member : {"type", "command", "args", "env", "cwd", "url", "headers", "carillon"})
    if (entry.contains(member)) own[member] = entry[member];
  if (!own.contains("command") || !own["command"].is_string()) return own;
  std::string path = login_path;
  if (own.contains("env") && own["env"].is_object() && own["env"].contains("PATH") && own["env"]["PATH"].is_string())
    path = own["env"]["PATH"].get<std::string>();
  else if (!own.contains("env") || own["env"].is_object())
    own["env"]["PATH"] = path;
  if (const auto absolute = process::find_executable(own["command"].get<std::string>(), path))
    own["command"] = *absolute;
  return own;
}

// Empty: usable.
std::string first_problem(const std::string& name, const ordered_json& entry, const Vault& vault) {
  const auto read = read_entries({{"mcpServers", {{name, entry}}}}, vault);
  return read.problems.empty() ? "" : read.problems.front().pointer + ": " + read.problems.front().message;
}

// Dots divide server and tool in an address, and hosts allow spaces: make the name one of ours.
std::string own_name(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && static_cast<unsigned char>(c) < 0x80)
      c = '-';
  return name == "carillon" ? "carillon-imported" : name;
}

ImportedServer take(const std::string& name, const ordered_json& entry, const ImportOptions& options,
                    ordered_json& servers) {
  ImportedServer one;
  one.name = own_name(name);
  const auto skip = [&](std::string why) {
    one.what = Imported::skipped;
    one.why = std::move(why);
    return one;
  };
  if (launches_carillon(entry)) return skip("it starts Carillon itself");
  if (entry.is_object() && entry.value("disabled", ordered_json()) == true) return skip("it is switched off there");
  const ordered_json own = entry.is_object() ? own_form(entry, options.login_path) : entry;
  one.why = first_problem(one.name, own, Vault{options.vault_directory});
  if (!one.why.empty()) {
    one.what = Imported::failed;
  } else if (!servers.contains(one.name)) {
    servers[one.name] = own;
  } else {
    const bool same = json(servers[one.name]) == json(own);
    one.what = same ? Imported::same : Imported::kept;
    if (!same) one.why = "servers.json has another entry of this name";
  }
  return one;
}

}  // namespace

std::vector<HostFile> host_files(const HostPlaces& places) {
  const std::string config = places.config_home.empty() ? places.home + "/.config" : places.config_home;
  std::vector<HostFile> files{
      {"Claude Desktop", config + "/Claude/claude_desktop_config.json"},
      {"Claude Code", places.home + "/.claude.json"},
      {"Cursor", places.home + "/.cursor/mcp.json"},
      {"VS Code", config + "/Code/User/mcp.json"},
      {"VS Code", config + "/Code/User/settings.json"},
  };
  if (places.directory.empty()) return files;
  files.push_back({"Claude Code", places.directory + "/.mcp.json"});
  files.push_back({"Cursor", places.directory + "/.cursor/mcp.json"});
  files.push_back({"VS Code", places.directory + "/.vscode/mcp.json"});
  return files;
}

std::size_t ImportReport::count(Imported what) const {
  return static_cast<std::size_t>(
      std::count_if(servers.begin(), servers.end(), [&](const auto& server) { return server.what == what; }));
}

Result<ImportReport> import_servers(const ImportOptions& options) {
  auto document = read_document(options.servers_file);
  if (!document.ok()) return document.error();
  if (!document->is_object())
    return Error{ErrorCode::arguments_invalid, options.servers_file + " holds no JSON object"};
  ordered_json& servers = (*document)["mcpServers"];
  if (servers.is_null()) servers = ordered_json::object();
  if (!servers.is_object())
    return Error{ErrorCode::arguments_invalid, options.servers_file + ": \"mcpServers\" is no object", "/mcpServers"};
  ImportReport report;
  for (const auto& file : options.files) {
    if (!std::filesystem::exists(file.path)) continue;
    const auto theirs = read_document(file.path);
    if (!theirs.ok()) {
      report.unreadable.push_back(theirs.error().message);
      continue;
    }
    for (const auto* entries : all_entries(*theirs)) {
      if (!entries->is_object()) continue;
      for (const auto& [name, entry] : entries->items()) {
        auto one = take(name, entry, options, servers);
        one.host = file.host;
        one.path = file.path;
        report.servers.push_back(std::move(one));
      }
    }
  }
  if (options.mode == ImportMode::write && report.count(Imported::added) > 0)
    write_document(options.servers_file, *document);
  return report;
}

}  // namespace carillon::catalog
