// One downstream server as its configuration describes it: the `mcpServers` entry that hosts already use, plus what
// `carillon: {timeout, max_parallel, max_waiting, questions, sampling, tools, auth}` says about it.
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

// What becomes of a form or an address that a server puts to its user, where the tool has no fixed answers for it.
enum class Questions {
  ask,             // whoever made the call is asked; where nobody can be, the call ends
  ask_or_decline,  // where nobody can be, the question is declined and the tool goes on without
  refuse,          // the server hears that it can ask nobody
};
enum class Sampling { refuse, ask };  // the model of whoever made the call

struct ToolPolicy {
  std::optional<Effect> effect;
  std::optional<Duration> timeout;
  Cost cost;                           // of one call
  Scopes scopes;                       // that a caller must hold
  std::vector<std::string> sensitive;  // JSON pointers into arguments and results
  json answers = nullptr;              // fixed, by field of the forms that it asks for; null: none
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
  std::optional<int> parallel_max, waiting_max;
  Questions questions = Questions::ask;
  Sampling sampling = Sampling::refuse;
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
