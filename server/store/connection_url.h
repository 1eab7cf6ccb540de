// What may be done to a connection string without knowing its secret parts: adding defaults, naming the target for a
// log. Both forms that libpq takes are understood: `postgresql://…` and `host=… dbname=…`. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"

namespace carillon {

// The parameters that are not yet in `url`; one that is there wins, because libpq takes the last and ours go first.
std::string with_defaults(std::string_view url, const std::vector<std::pair<std::string, std::string>>& defaults);

// The same with the other precedence: these win over what is in `url` (a login, a database).
std::string with_overrides(std::string_view url, const std::vector<std::pair<std::string, std::string>>& overrides);

// How we connect everywhere: named in pg_stat_activity, bounded in time, never to a standby, half-open links noticed.
std::string connection_string(std::string_view url, Duration connect_timeout);

// What must never be shown of it: the whole string, and its password as written and as meant.
std::vector<std::string> secrets_in(std::string_view url);

// A value in `key='value'` form; escapes quotes and backslashes.
std::string quoted_value(std::string_view value);

}  // namespace carillon
