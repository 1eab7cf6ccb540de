// The pages in docs/ say what the rows say. CARILLON_WRITE_DOCS=1 rewrites them instead of failing.
#include "tools/reference.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace carillon::tools {
namespace {

bool rewriting() {
  const char* wish = std::getenv("CARILLON_WRITE_DOCS");
  return wish != nullptr && std::string(wish) == "1";
}

void check_page(const std::string& path, const std::string& wanted) {
  INFO(path << " is stale: run the tests of tools with CARILLON_WRITE_DOCS=1");
  if (rewriting()) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream{path} << wanted;
  }
  std::ifstream file{path};
  REQUIRE(file);
  std::stringstream found;
  found << file.rdbuf();
  CHECK(found.str() == wanted);
}

TEST_CASE("every tool has a reference page that says what its row says", "[tools][reference]") {
  for (const auto family : {all_tools(), rest_tools()})
    for (const auto& tool : family) check_page("docs/tools/" + std::string(tool.name) + ".md", tool_page(tool));
  check_page("docs/tools/README.md", tools_index());
}

TEST_CASE("there is no page for a tool that does not exist", "[tools][reference]") {
  for (const auto& entry : std::filesystem::directory_iterator{"docs/tools"}) {
    const std::string name = entry.path().stem().string();
    INFO(name);
    const bool over_rest =
        std::any_of(rest_tools().begin(), rest_tools().end(), [&](const Tool& tool) { return tool.name == name; });
    CHECK((name == "README" || find_tool(name) != nullptr || over_rest));
  }
}

TEST_CASE("the pages of resources and prompts say what their rows say", "[tools][reference]") {
  check_page("docs/resources.md", resources_page());
  check_page("docs/prompts.md", prompts_page());
}

TEST_CASE("the page of errors has every code", "[tools][reference]") { check_page("docs/errors.md", errors_page()); }

}  // namespace
}  // namespace carillon::tools
