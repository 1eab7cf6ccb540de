#include "catalog/import.h"

#include <filesystem>

#include "tests/catalog/catalog_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

void put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
  std::ofstream{path} << text;
}

ImportOptions options_for(const Bench& bench) {
  ImportOptions options;
  options.files = host_files({bench.file("home"), "", bench.file("project")});
  options.servers_file = bench.file("own/servers.json");
  options.login_path = "/bin:/usr/bin";
  return options;
}

std::map<std::string, Imported> outcome(const ImportReport& report) {
  std::map<std::string, Imported> found;
  for (const auto& server : report.servers) found[server.host + ":" + server.name] = server.what;
  return found;
}

}  // namespace

TEST_CASE("servers of all four hosts are imported and nothing of ours is lost", "[catalog][import]") {
  const Bench bench;
  put(bench.file("home/.config/Claude/claude_desktop_config.json"),
      R"({"mcpServers":{"desk":{"command":"sh","args":["-c","true"],"env":{"KEY":"desk-key-1"}},"me":{"command":"carillon","args":["mcp"]}}})");
  put(bench.file("home/.claude.json"),
      R"({"mcpServers":{"code":{"type":"http","url":"https://example.com/mcp"}},"projects":{"/p":{"mcpServers":{"in.project":{"command":"sh"}}}}})");
  put(bench.file("home/.cursor/mcp.json"),
      R"({"mcpServers":{"mine":{"command":"sh"},"off":{"command":"sh","disabled":true}}})");
  put(bench.file("home/.config/Code/User/mcp.json"),
      "{ // a comment\n "
      "\"servers\":{\"vs\":{\"type\":\"stdio\",\"command\":\"sh\"},\"asks\":{\"command\":\"sh\",\"env\":{\"K\":\"${"
      "input:k}\"}}}}");
  put(bench.file("project/.vscode/mcp.json"), "{ broken");
  put(bench.file("own/servers.json"), R"({"note":"keep me","mcpServers":{"mine":{"command":"/bin/other"}}})");

  const auto options = options_for(bench);
  const auto report = import_servers(options);
  REQUIRE(report.ok());
  CHECK(outcome(*report) == std::map<std::string, Imported>{{"Claude Desktop:desk", Imported::added},
                                                            {"Claude Desktop:me", Imported::skipped},
                                                            {"Claude Code:code", Imported::added},
                                                            {"Claude Code:in-project", Imported::added},
                                                            {"Cursor:mine", Imported::kept},
                                                            {"Cursor:off", Imported::skipped},
                                                            {"VS Code:vs", Imported::added},
                                                            {"VS Code:asks", Imported::failed}});
  REQUIRE(report->unreadable.size() == 1);
  CHECK(report->unreadable[0].find(".vscode") != std::string::npos);

  const auto own = *read_document(options.servers_file);
  CHECK(own["note"] == "keep me");
  CHECK(own["mcpServers"]["mine"]["command"] == "/bin/other");
  CHECK(own["mcpServers"]["desk"]["command"] == "/bin/sh");
  CHECK(own["mcpServers"]["desk"]["env"]["PATH"] == "/bin:/usr/bin");
  CHECK(own["mcpServers"]["desk"]["env"]["KEY"] == "desk-key-1");
  CHECK((std::filesystem::status(options.servers_file).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));

  const auto again = import_servers(options);
  REQUIRE(again.ok());
  CHECK(again->count(Imported::added) == 0);
  CHECK(again->count(Imported::same) == 4);
}

TEST_CASE("a look writes nothing and a broken file of ours is left alone", "[catalog][import]") {
  const Bench bench;
  put(bench.file("project/.mcp.json"), R"({"mcpServers":{"x":{"command":"sh"}}})");
  auto options = options_for(bench);
  options.mode = ImportMode::only_look;
  CHECK(import_servers(options)->count(Imported::added) == 1);
  CHECK_FALSE(std::filesystem::exists(options.servers_file));

  options.mode = ImportMode::write;
  put(options.servers_file, "{ broken");
  CHECK_FALSE(import_servers(options).ok());
  put(options.servers_file, R"({"mcpServers":[]})");
  CHECK_FALSE(import_servers(options).ok());
}
