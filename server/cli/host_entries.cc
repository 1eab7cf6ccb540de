#include "server/cli/host_entries.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "server/base/json.h"
#include "server/cli/daemon_link.h"

namespace carillon::cli {
namespace {

std::string indented(const json& value) { return value.dump(2) + "\n"; }

json stdio_entry(const std::string& program) {
  json entry{{"command", program}, {"args", {"mcp"}}};
  if (const char* home = std::getenv("CARILLON_HOME")) entry["env"] = {{"CARILLON_HOME", home}};
  return entry;
}

std::string addresses(const json& status) {
  const std::string http = status.value("http", json(nullptr)).is_string() ? status["http"].get<std::string>() : "";
  if (http.empty()) return "The daemon is not running, or serves no HTTP.\n";
  return "MCP endpoint   " + status.value("mcp", "") + "\nHealth         " + http + "/health\nMetrics        " + http +
         "/metrics\n";
}

}  // namespace

std::string host_entries(const Config& config, const std::string& program) {
  const auto link = connect_daemon(config.paths, "status");
  const json status = link.ok() ? link->answer.value("status", json::object()) : json::object();
  const json entry = stdio_entry(program);
  json code = entry;
  code["type"] = "stdio";
  std::string command = "claude mcp add carillon";
  if (entry.contains("env")) command += " --env CARILLON_HOME=" + entry["env"]["CARILLON_HOME"].get<std::string>();
  std::string text = addresses(status) +
                     "\nClaude Desktop (claude_desktop_config.json) and Cursor (~/.cursor/mcp.json):\n" +
                     indented({{"mcpServers", {{"carillon", entry}}}}) + "\nClaude Code:\n" + command + " -- " +
                     program + " mcp\n\nVS Code (.vscode/mcp.json):\n" + indented({{"servers", {{"carillon", code}}}});
  if (status.value("mcp", json(nullptr)).is_string())
    text += "\nRemote agents: the endpoint above with the header\n  Authorization: Bearer <the content of " +
            config.paths.token_file.string() + ">\n";
  text += "\nDownstream servers: the hosts' \"mcpServers\" object in " + config.catalog.servers_file +
          "; `carillon import servers` takes over what hosts already have\n";
  return text;
}

}  // namespace carillon::cli
