// One downstream server as its configuration describes it: the `mcpServers` entry that hosts already use, plus what
// `carillon: {timeout, max_parallel, tools}` says about servers whose annotations lie or lack.
//
// read_entries reads a whole file and lists everything that is wrong with it at once, by JSON pointer; sound entries
// are usable all the same. Environment and header values are registered as secrets while they are read, so that nothing
// later can show them; they may be references (references.h). Values; reading is thread-safe.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "catalog/auth_entry.h"
#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/domain/tool_caller.h"
#include "server/process/child.h"

namespace carillon::catalog {

struct ToolPolicy {
  std::optional<Effect> effect;
  std::optional<Duration> timeout;
  Cost cost;                           // of one call
  Scopes scopes;                       // that a caller must hold
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
  std::optional<AuthEntry> auth;  // how to sign in where it wants that; nothing: the headers have to do
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

struct EntriesRead {
  std::vector<ServerEntry> entries;  // the sound ones, by name
  std::vector<EntryProblem> problems;
  std::map<std::string, std::string> broken;  // the unsound ones: name and first problem
  std::vector<std::string> warnings;
  std::map<std::string, FileStamp> files;  // that references name: what changes them changes the entries
};

EntriesRead read_entries(const ordered_json& document, const Vault& vault);

// The member that holds the entries: `mcpServers`, or VS Code's `servers`; null when there is neither.
const ordered_json* find_entries(const ordered_json& document);

// Whether an entry starts this program as a front or a daemon: then we would call ourselves.
bool launches_carillon(const ordered_json& entry);

}  // namespace carillon::catalog
