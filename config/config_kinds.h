// The kinds of configuration values: how each is read from JSON or text, and shown. Used by config_keys.cc only.
//
// Each maker takes what is common to all keys and an accessor that answers a reference to the field, so that one
// definition serves reading and writing.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/config_key.h"
#include "server/base/clock.h"

namespace carillon {

struct KeyText {
  std::string name;
  std::string summary;
  Secrecy secrecy = Secrecy::open;
};

template <class T>
using Field = std::function<T&(Config&)>;

struct Range {
  std::int64_t least, most;
};

ConfigKey text_key(KeyText text, const Field<std::string>& field);
ConfigKey list_key(KeyText text, const Field<std::vector<std::string>>& field);  // TOML array, or comma-separated text
ConfigKey switch_key(KeyText text, const Field<bool>& field);
ConfigKey duration_key(KeyText text, const Field<Duration>& field, Duration least);
ConfigKey count_key(KeyText text, const Field<int>& field, Range range);
ConfigKey bytes_key(KeyText text, const Field<std::size_t>& field,
                    Range range);  // a count of bytes; "10MB", "64KiB" too

// An enumeration by its names; `names` and the enumerators are in the same order.
ConfigKey choice_key(KeyText text, const std::vector<std::string>& names, const std::function<int(const Config&)>& get,
                     const std::function<void(Config&, int)>& set);

template <class Enum>
ConfigKey enum_key(KeyText text, const std::vector<std::string>& names, const Field<Enum>& field) {
  return choice_key(
      std::move(text), names,
      [field](const Config& config) { return static_cast<int>(field(const_cast<Config&>(config))); },
      [field](Config& config, int choice) { field(config) = static_cast<Enum>(choice); });
}

}  // namespace carillon
