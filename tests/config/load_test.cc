#include "config/load.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "config/config_key.h"

namespace carillon {
namespace {

struct Given {
  std::map<std::string, std::string> environment;
  std::string toml;
  std::vector<std::pair<std::string, std::string>> flags;
};

LoadedConfig load(const Given& given) {
  const std::string file =
      std::filesystem::temp_directory_path() / ("carillon_load_" + std::to_string(::getpid()) + ".toml");
  std::ofstream{file} << given.toml;
  ConfigSources sources{.paths = {},
                        .variable = [&](const std::string& name) -> std::optional<std::string> {
                          const auto found = given.environment.find(name);
                          return found == given.environment.end() ? std::nullopt : std::optional{found->second};
                        },
                        .variable_names = {},
                        .flags = given.flags,
                        .file = file};
  for (const auto& [name, value] : given.environment) sources.variable_names.push_back(name);
  LoadedConfig loaded = load_config(sources);
  std::filesystem::remove(file);
  return loaded;
}

TEST_CASE("file beats default and environment beats file and flag beats environment", "[config][load]") {
  Given given{.environment = {}, .toml = "[log]\nlevel = \"warn\"\n", .flags = {}};
  CHECK(load({}).config.log.level == log::Level::info);
  CHECK(load(given).config.log.level == log::Level::warn);
  given.environment["CARILLON_LOG_LEVEL"] = "error";
  CHECK(load(given).config.log.level == log::Level::error);
  given.flags.emplace_back("log.level", "debug");
  CHECK(load(given).config.log.level == log::Level::debug);
}

TEST_CASE("every mistake is listed at once with its place", "[config][load]") {
  const auto loaded =
      load({.environment = {{"CARILLON_LOG_LEVLE", "info"}, {"CARILLON_DATABASE_APP_CONNECTIONS", "many"}},
            .toml = "[log]\nlevel = \"loud\"\n[datbase]\nurl = \"x\"\n",
            .flags = {{"database.lock_timeout", "soon"}}});
  std::string all;
  for (const auto& mistake : loaded.mistakes) all += mistake.place + ": " + mistake.message + "\n";
  CAPTURE(all);
  CHECK(loaded.mistakes.size() == 5);
  CHECK(all.find("log.level: it is not one of debug info warn error") != std::string::npos);
  CHECK(all.find("datbase.url: there is no such setting; did you mean database.url?") != std::string::npos);
  CHECK(all.find("CARILLON_LOG_LEVLE: no setting has this environment variable; did you mean CARILLON_LOG_LEVEL?") !=
        std::string::npos);
  CHECK(all.find("--database.lock_timeout") != std::string::npos);
}

TEST_CASE("a file that is no TOML is one mistake with its position", "[config][load]") {
  const auto loaded = load({.environment = {}, .toml = "[log\nlevel=1", .flags = {}});
  REQUIRE(loaded.mistakes.size() == 1);
  CHECK(loaded.mistakes[0].message.find("line 1") != std::string::npos);
}

TEST_CASE("every key's shown value is read back as it was", "[config][keys]") {
  const Config defaults{};
  for (const auto& key : config_keys()) {
    CAPTURE(key.name);
    Config config{};
    CHECK_FALSE(key.set(config, key.get(defaults)));
    CHECK(key.get(config) == key.get(defaults));
  }
}

TEST_CASE("secrets are not shown", "[config][load]") {
  const auto loaded =
      load({.environment = {{"DATABASE_URL", "postgresql://me:topsecretword@db/x"}}, .toml = "", .flags = {}});
  CHECK(loaded.config.database.url == "postgresql://me:topsecretword@db/x");
  CHECK(show_config(loaded.config).dump().find("topsecretword") == std::string::npos);
}

}  // namespace
}  // namespace carillon
