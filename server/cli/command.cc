#include "server/cli/command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "server/base/log.h"
#include "server/base/version.h"

namespace carillon::cli {
namespace {

constexpr auto kSubcommands = std::to_array<Subcommand>({
    {"serve",
     "[--listen HOST:PORT] [--insecure-loopback] [--toolsets LIST] [--prefix TEXT] [--clock-shift D] [--detach]",
     "run the daemon: scheduler, workers, HTTP and socket", run_serve},
    {"mcp", "[--channel]", "what an agent host launches: MCP on stdin and stdout", run_mcp},
    {"worker", "[--clock-shift D]", "run workers only, on a database that daemons share", run_worker},
    {"status", "[--json]", "say whether the daemon is ready, and where it listens", run_status},
    {"stop", "", "ask the daemon to finish and end", run_stop},
    {"call", "<tool> [--args '<object>' | key=value…] [--json]", "call one tool", run_call},
    {"doctor", "[--json]", "look for what could keep schedules from running", run_doctor},
    {"migrate", "up | down | status | url", "the database schema, and the owner's connection address", run_migrate},
    {"config", "print | hosts | keys", "the effective settings, entries for agent hosts, all keys", run_config},
    {"import", "servers [FILE…] | tasks [FILE…] | pipelines [FILE…] | crontab [FILE…] [--users]",
     "take over the MCP servers that agent hosts know, tasks (Ordinaut's, too) and pipelines, a crontab", run_import},
    {"login", "<server> [--port PORT]", "sign in to a downstream server in a browser, once", run_login},
    {"logout", "<server>", "give a sign-in back and forget it", run_logout},
    {"secret", "set NAME | list | delete NAME | webhook URL",
     "secrets that servers.json names, read from stdin; the one that a webhook's receiver needs", run_secret},
    {"token", "create --agent NAME --scopes LIST [--expires D] | list | revoke ID | revoke --agent NAME",
     "agents that call over HTTP under their own name, with less than everything allowed", run_token},
    {"approve", "<run> [--step S] [--comment TEXT] [--always D]", "approve what a run asks", run_approve},
    {"reject", "<run> [--step S] [--comment TEXT]", "refuse what a run asks", run_reject},
    {"approvals", "[--links | --standing | --revoke N]",
     "what waits to be approved, with links that decide it; standing grants", run_approvals},
    {"when", "\"<text>\" [--tz ZONE] [--from TIME] [--count N] [--json] [--dst-gap P] [--dst-overlap P] | --batch",
     "explain a schedule; needs no daemon", run_when},
    {"expr", "'<expression>' [--input FILE] | --batch", "evaluate a JMESPath expression; needs no daemon", run_expr},
    {"schema", "check SCHEMA VALUE [--draft D] [--formats assert] | check --batch",
     "check a JSON value by a JSON Schema; needs no daemon", run_schema},
    {"calendar", "add NAME DATE… | add NAME --ics FILE | list | show NAME | delete NAME",
     "named days that schedules leave out or keep to", run_calendar},
    {"backfill", "<task> --from TIME [--to TIME] [--dry-run]", "runs for past slots that had none", run_backfill},
    {"install-service", "[--user | --system [--run-as USER]] [--print] [options of serve]",
     "have systemd run the daemon", run_install_service},
    {"uninstall-service", "[--user | --system]", "stop and remove that service", run_uninstall_service},
});

void print_help() {
  std::printf(
      "carillon %s: time, state and discipline for AI agents, over MCP\n\nusage: carillon <command> [options]\n\n",
      std::string{kVersion}.c_str());
  for (const auto& command : kSubcommands)
    std::printf("  %-17s %-58s %s\n", std::string{command.name}.c_str(), std::string{command.usage}.c_str(),
                std::string{command.summary}.c_str());
  std::printf("\nEvery command takes --config FILE and --set key=value; `carillon config keys` lists the keys.\n");
}

}  // namespace

std::span<const Subcommand> subcommands() { return kSubcommands; }

int run_command_line(const Words& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "help" || words[0] == "-h") {
    print_help();
    return words.empty() ? kExitUsage : kExitOk;
  }
  if (words[0] == "--version") {
    std::printf("carillon %s\n", std::string{kVersion}.c_str());
    return kExitOk;
  }
  const auto row = std::find_if(kSubcommands.begin(), kSubcommands.end(),
                                [&](const Subcommand& command) { return command.name == words[0]; });
  if (row == kSubcommands.end()) {
    std::fprintf(stderr, "carillon: there is no command '%s'; `carillon --help` lists them\n", words[0].c_str());
    return kExitUsage;
  }
  try {
    return row->run(Words{words.begin() + 1, words.end()});
  } catch (const std::exception& error) {
    // The last stop of a machine failure: the person at the terminal.
    log::error("the command failed", {{"command", row->name}, {"why", error.what()}});
    return kExitUnavailable;
  }
}

}  // namespace carillon::cli
