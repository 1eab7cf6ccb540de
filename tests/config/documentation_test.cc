// docs/configuration.md and the samples in config/ follow the table of keys. CARILLON_WRITE_DOCS=1 writes them anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "config/config_key.h"
#include "config/load.h"

namespace carillon {
namespace {

std::string read(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string cell(const json& value) {
  return value == "" ? "(empty)" : "`" + (value.is_string() ? value.get<std::string>() : value.dump()) + "`";
}

std::string page() {
  std::string text =
      "# Configuration\n\nDefaults, then the TOML file (`carillon.toml` in the home, or `--config FILE`), then the "
      "environment, then flags "
      "(`--set key=value`). Every mistake is listed at once, before anything is opened. `carillon config print` shows "
      "what is in effect, "
      "secrets masked. This page is printed from the table of keys by a test.\n\n| key | environment | default | "
      "meaning | accepts |\n|---|---|---|---|---|\n";
  const Config defaults{};
  for (const auto& key : config_keys())
    text += "| `" + key.name + "` | `" + environment_name(key) + "` | " + cell(key.get(defaults)) + " | " +
            key.summary + (key.secrecy == Secrecy::secret ? " (secret)" : "") + " | " + key.accepts + " |\n";
  text +=
      "\n`DATABASE_URL` sets `database.url` too. `CARILLON_HOME` moves every file under one directory; without it the "
      "XDG base "
      "directories decide, or, as root, `/etc/carillon`, `/var/lib/carillon`, `/var/log/carillon` and "
      "`/run/carillon`.\n";
  return text;
}

TEST_CASE("the configuration page is what the table of keys says", "[config][documentation]") {
  const std::string path = "docs/configuration.md";
  if (std::getenv("CARILLON_WRITE_DOCS") != nullptr) std::ofstream{path, std::ios::binary} << page();
  CHECK(read(path) == page());
}

TEST_CASE("the samples name the same keys and load without a mistake", "[config][documentation]") {
  std::set<std::string> keys[2];
  int i = 0;
  for (const std::string path : {"config/dev.toml", "config/prod.toml"}) {
    const FlatToml flat = read_toml(read(path));
    CHECK_FALSE(flat.error);
    for (const auto& [name, value] : flat.values) {
      Config config{};
      const ConfigKey* key = find_config_key(name);
      CAPTURE(path, name);
      REQUIRE(key != nullptr);
      CHECK_FALSE(key->set(config, value));
      keys[i].insert(name);
    }
    ++i;
  }
  CHECK(keys[0] == keys[1]);
  CHECK(keys[0].size() >= 8);
}

}  // namespace
}  // namespace carillon
