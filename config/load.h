// Loading the configuration: defaults < file < environment < flags. Every mistake of all four is listed at once, with
// its place and what would be accepted, before anything is opened.
//
// Secrets that are read (database.url) are registered with the mask. Called once by main; not thread-safe with itself.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "server/base/json.h"

namespace carillon {

struct ConfigMistake {
  std::string place;    // "/etc/carillon/carillon.toml: http.listen", "CARILLON_HTTP_LISTEN", "--listen"
  std::string message;  // what is wrong and what is accepted
};

struct ConfigSources {
  Paths paths;
  Variable variable;                        // the environment
  std::vector<std::string> variable_names;  // all names in the environment: unknown CARILLON_* are mistakes
  std::vector<std::pair<std::string, std::string>> flags;  // key name → text, from the command line
  std::optional<std::string> file;                         // --config; its absence is then a mistake
};

struct LoadedConfig {
  Config config;
  std::vector<ConfigMistake> mistakes;  // not empty: the config must not be used
};

LoadedConfig load_config(const ConfigSources& sources);

// The loaded values as {"http":{"listen":…},…}, secrets masked; for `carillon config print`.
json show_config(const Config& config);

// One TOML document into name → value, nested tables joined by dots. A syntax error is the one mistake.
struct FlatToml {
  std::vector<std::pair<std::string, json>> values;
  std::optional<std::string> error;
};
FlatToml read_toml(std::string_view text);

}  // namespace carillon
