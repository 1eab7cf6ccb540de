#include <algorithm>
#include <cctype>

#include "config/config_key.h"
#include "config/config_kinds.h"

namespace carillon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void add_log(std::vector<ConfigKey>& keys) {
  keys.push_back(enum_key<log::Level>({"log.level", "the least level that is written to stderr"},
                                      {"debug", "info", "warn", "error"},
                                      [](Config& c) -> log::Level& { return c.log.level; }));
}

void add_database(std::vector<ConfigKey>& keys) {
  keys.push_back(text_key({"database.url", "the PostgreSQL to use; empty: a private one; also DATABASE_URL", Secrecy::secret},
                          [](Config& c) -> std::string& { return c.database.url; }));
  keys.push_back(text_key({"database.data_dir", "where the private PostgreSQL keeps its cluster"},
                          [](Config& c) -> std::string& { return c.database.data_dir; }));
  keys.push_back(text_key({"database.binaries_dir", "where initdb and postgres are; empty: PATH, then /usr/lib/postgresql/*/bin"},
                          [](Config& c) -> std::string& { return c.database.binaries_dir; }));
  keys.push_back(count_key({"database.app_connections", "connections for callers' commands and queries"},
                           [](Config& c) -> int& { return c.database.pool.app_connections; }, {1, 200}));
  keys.push_back(count_key({"database.dispatch_connections", "connections reserved for scheduler and workers"},
                           [](Config& c) -> int& { return c.database.pool.dispatch_connections; }, {1, 50}));
  keys.push_back(duration_key({"database.wait_max", "how long a call waits for a free connection"},
                              [](Config& c) -> Duration& { return c.database.pool.wait_max; }, milliseconds{10}));
  keys.push_back(duration_key({"database.connect_timeout", "how long opening a connection may take"},
                              [](Config& c) -> Duration& { return c.database.pool.connect_timeout; }, seconds{1}));
  keys.push_back(duration_key({"database.statement_timeout", "after which a statement is given up"},
                              [](Config& c) -> Duration& { return c.database.pool.statement_timeout; }, milliseconds{100}));
  keys.push_back(duration_key({"database.lock_timeout", "after which waiting for a lock is given up"},
                              [](Config& c) -> Duration& { return c.database.pool.lock_timeout; }, milliseconds{10}));
  keys.push_back(enum_key<PreparedStatements>(
      {"database.prepared_statements", "off behind a pooler that forgets them between transactions"}, {"on", "off"},
      [](Config& c) -> PreparedStatements& { return c.database.pool.prepared_statements; }));
}

std::vector<ConfigKey> make_keys() {
  std::vector<ConfigKey> keys;
  add_log(keys);
  add_database(keys);
  return keys;
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

const ConfigKey* find_config_key(std::string_view name) {
  const auto& keys = config_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

std::string environment_name(const ConfigKey& key) {
  std::string name = "CARILLON_";
  for (const char c : key.name) name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace carillon
