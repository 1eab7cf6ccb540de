// Config: everything that can be set, as one plain struct of the rooms' own option structs.
//
// Loaded by load_config (defaults, then file, environment, flags); written down in docs/configuration.md, which a test
// prints from the table of keys. A value; immutable once loaded.
#pragma once

#include <string>
#include <vector>

#include "config/paths.h"
#include "server/base/log.h"
#include "server/store/store_options.h"

namespace carillon {

struct LogOptions {
  log::Level level = log::Level::info;
};

struct Config {
  Paths paths;
  LogOptions log;
  DatabaseOptions database;
};

}  // namespace carillon
