// docs/servers.md: every example is an entry that works, and every setting has its line.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catalog/server_entry.h"
#include "transport/jwt.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

std::string page() {
  std::ifstream file{"docs/servers.md", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> examples() {
  std::vector<std::string> found;
  const std::string text = page(), fence = "```json\n";
  for (auto at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const auto from = at + fence.size();
    found.push_back(text.substr(from, text.find("```", from) - from));
  }
  return found;
}

}  // namespace

TEST_CASE("every example of the page about servers is read without a problem", "[catalog][servers_page]") {
  const auto folder = std::filesystem::temp_directory_path() / ("carillon_page_" + std::to_string(::getpid()));
  const Vault vault{folder.string()};
  for (const char* name : {"github", "search", "tracker", "billing"})
    REQUIRE(vault.write(Shelf::secrets, name, "value-of-" + std::string{name}));
  REQUIRE(vault.write(Shelf::secrets, "ledger-key", transport::SigningKey::generate().private_pem()));
  const std::string token = (folder / "token").string();
  std::ofstream{token} << "token-of-a-workload";
  auto all = examples();
  for (auto& example : all)
    if (const auto at = example.find("/var/run/secrets/mcp/token"); at != std::string::npos)
      example.replace(at, std::strlen("/var/run/secrets/mcp/token"), token);
  CHECK(all.size() >= 2);
  for (const auto& example : all) {
    CAPTURE(example);
    const auto document = ordered_json::parse(example);
    const auto read = read_entries(document, vault);
    for (const auto& problem : read.problems) CHECK(problem.pointer + ": " + problem.message == "");
    CHECK(read.entries.size() == document["mcpServers"].size());
  }
  std::filesystem::remove_all(folder);
}
