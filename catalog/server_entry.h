// One downstream server as its configuration describes it: the `mcpServers` entry that hosts already use, plus what
// `carillon: {timeout, max_parallel, tools}` says about servers whose annotations lie or lack.
//
// read_entries reads a whole file and lists everything that is wrong with it at once, by JSON pointer; sound entries
// are usable all the same. Environment and header values are registered as secrets while they are read, so that nothing
// later can show them. Values; reading is thread-safe.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/tool_caller.h"
#include "server/process/child.h"

namespace carillon::catalog {

struct ToolPolicy {
  std::optional<Effect> effect;
  std::optional<Duration> timeout;
  double cost = 0;
  std::vector<std::string> scopes;
  std::vector<std::string> sensitive;  // JSON pointers into arguments and results
  bool operator==(const ToolPolicy&) const = default;
};

struct LaunchedServer {
  std::vector<std::string> arguments;  // the command first
  process::Environment environment;
  std::string directory;
  bool operator==(const LaunchedServer&) const = default;
};

struct RemoteServer {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  bool operator==(const RemoteServer&) const = default;
};

struct ServerEntry {
  std::string name;
  std::variant<LaunchedServer, RemoteServer> reach;
  std::optional<Duration> timeout;
  std::optional<int> parallel_max;
  std::map<std::string, ToolPolicy> tools;
  bool operator==(const ServerEntry&) const = default;

  bool is_remote() const { return std::holds_alternative<RemoteServer>(reach); }
  const ToolPolicy& policy(const std::string& tool) const;
};

struct EntryProblem {
  std::string pointer;
  std::string message;
  bool operator==(const EntryProblem&) const = default;
};

struct EntriesRead {
  std::vector<ServerEntry> entries;  // the sound ones, by name
  std::vector<EntryProblem> problems;
  std::map<std::string, std::string> broken;  // the unsound ones: name and first problem
  std::vector<std::string> warnings;
};

EntriesRead read_entries(const ordered_json& document);

// The member that holds the entries: `mcpServers`, or VS Code's `servers`; null when there is neither.
const ordered_json* find_entries(const ordered_json& document);

// Whether an entry starts this program as a front or a daemon: then we would call ourselves.
bool launches_carillon(const ordered_json& entry);

// `${NAME}`, `${NAME:-default}` and `${env:NAME}` replaced from our environment. Nothing: a name is unknown, or the
// host would have to ask somebody (`${input:…}`).
std::optional<std::string> expand_variables(const std::string& text);

}  // namespace carillon::catalog
