// The machine's PostgreSQL programs: found, never shipped. Debian keeps them out of PATH, by major version.
//
// Looks in the configured folder only, when one is configured; else in PATH, then in /usr/lib/postgresql/*/bin, newest
// first. A cluster can only be run by the major version that made it, so a caller may ask for that one. Stateless.
#pragma once

#include <optional>
#include <string>

#include "server/base/result.h"

namespace carillon {

inline constexpr int kOldestPostgres = 15;

struct PostgresBinaries {
  std::string directory;
  int major_version = 0;
  std::string program(const std::string& name) const { return directory + "/" + name; }
};

// Refused with `unavailable` and what to install when there is none that will do.
Result<PostgresBinaries> find_postgres(const std::string& configured_dir, std::optional<int> major_version);

}  // namespace carillon
