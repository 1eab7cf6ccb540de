// Prompt templates at the start of a daemon.
#include "server/cli/prompt_files.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/installation.h"

namespace carillon::cli {
namespace {

TEST_CASE("a start keeps the good files and leaves out those that are called as a prompt of ours",
          "[cli][prompt_files]") {
  test::Installation here;
  const auto directory = std::filesystem::temp_directory_path() / ("carillon_start_" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const std::string head = "---\ndescription: x\n---\n";
  std::ofstream{directory / "mine.md"} << head << "Text";
  std::ofstream{directory / "broken.md"} << "Text";
  for (const char* name : {"weekly_report.md", "agent_handoff.md"}) std::ofstream{directory / name} << head << "Text";
  CHECK(read_prompt_files(directory.string()).problems.size() == 3);
  keep_prompt_files(directory.string(), here.prompt_templates);
  std::filesystem::remove_all(directory);
  const TenantId tenant{"default"};
  CHECK(here.prompt_templates.find(tenant, "mine").has_value());
  CHECK(here.prompt_templates.find(tenant, "follow_up").has_value());
  for (const char* name : {"broken", "weekly_report", "agent_handoff"})
    CHECK_FALSE(here.prompt_templates.find(tenant, name).has_value());
}

}  // namespace
}  // namespace carillon::cli
