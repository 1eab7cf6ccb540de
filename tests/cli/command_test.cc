// The table of subcommands, its page, and what the command line refuses.
#include "server/cli/command.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace carillon::cli {
namespace {

std::string page() {
  std::string text =
      "# Command line\n\n`carillon <command> [options]`. Every command takes `--config FILE`, `--set key=value` and "
      "`--help`. "
      "This page is printed from the table of commands by a test.\n\n| command | options | what it does "
      "|\n|---|---|---|\n";
  for (const auto& command : subcommands()) {
    std::string usage{command.usage};
    for (std::size_t at = usage.find('|'); at != std::string::npos; at = usage.find('|', at + 2))
      usage.insert(at, "\\");
    text += "| `" + std::string{command.name} + "` | " + (usage.empty() ? "" : "`" + usage + "`") + " | " +
            std::string{command.summary} + " |\n";
  }
  text +=
      "| `--version` | | say which version this is |\n\n## Exit codes\n\n| code | meaning |\n|---|---|\n"
      "| 0 | done; for `status`: ready |\n| 1 | the command ran and was answered with an error |\n"
      "| 2 | the command line or the configuration is wrong; nothing was opened |\n"
      "| 3 | no daemon, no database, or not ready |\n| 4 | a daemon is already running here, or the port is taken |\n";
  return text;
}

TEST_CASE("the command line page is what the table of commands says", "[cli][command]") {
  const std::string path = "docs/command-line.md";
  if (std::getenv("CARILLON_WRITE_DOCS") != nullptr) std::ofstream{path, std::ios::binary} << page();
  std::ifstream file{path, std::ios::binary};
  CHECK(std::string{std::istreambuf_iterator<char>{file}, {}} == page());
}

TEST_CASE("a wrong command line is a usage error and opens nothing", "[cli][command]") {
  CHECK(run_command_line({}) == kExitUsage);
  CHECK(run_command_line({"srve"}) == kExitUsage);
  CHECK(run_command_line({"call"}) == kExitUsage);
  CHECK(run_command_line({"call", "get_status", "novalue"}) == kExitUsage);
  CHECK(run_command_line({"call", "get_status", "--args", "[1]"}) == kExitUsage);
  CHECK(run_command_line({"config", "shout"}) == kExitUsage);
  CHECK(run_command_line({"migrate", "sideways"}) == kExitUsage);
  CHECK(run_command_line({"status", "--set", "log.level=loud"}) == kExitUsage);
  CHECK(run_command_line({"status", "--nonsense"}) == kExitUsage);
}

TEST_CASE("help and version are answered without a daemon", "[cli][command]") {
  CHECK(run_command_line({"--help"}) == kExitOk);
  CHECK(run_command_line({"--version"}) == kExitOk);
  CHECK(run_command_line({"config", "keys"}) == kExitOk);
  CHECK(run_command_line({"config", "print"}) == kExitOk);
}

}  // namespace
}  // namespace carillon::cli
