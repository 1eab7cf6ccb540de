// ConfigKey: one setting, defined once. From the table of keys (config_keys.cc) come the TOML file's sections, the
// environment variables, `carillon config print`, the samples' completeness check and docs/configuration.md.
//
// A value arrives as JSON: from TOML with its own type, from environment and flags as text. Each kind of key reads
// both. Pure values; the table is immutable.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"

namespace carillon {

struct Config;

enum class Secrecy { open, secret };

struct ConfigKey {
  std::string name;     // "http.listen": section and key of the TOML file
  std::string summary;  // one line for the documentation
  std::string accepts;  // what a value looks like, for the refusal: "a duration such as 30s"
  Secrecy secrecy = Secrecy::open;
  // Sets the field; answers what is wrong with the value, or nothing.
  std::function<std::optional<std::string>(Config&, const json& value)> set;
  std::function<json(const Config&)> get;  // in a form that `set` reads back
};

const std::vector<ConfigKey>& config_keys();
const ConfigKey* find_config_key(std::string_view name);

// CARILLON_HTTP_LISTEN for http.listen. database.url is DATABASE_URL as well.
std::string environment_name(const ConfigKey& key);

}  // namespace carillon
