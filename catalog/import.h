// Importing servers from the configuration of agent hosts: Claude Desktop, Claude Code, Cursor, VS Code.
//
// What is found is merged into our servers.json, which keeps its other entries and members; entries of the same name
// are kept unless they say the same. We skip ourselves, make commands absolute (as the person's login shell would find
// them) and keep that shell's PATH, because hosts and daemons start with a bare one. Hosts' files are only read.
#pragma once

#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::catalog {

struct HostFile {
  std::string host;  // "Claude Desktop", "Claude Code", "Cursor", "VS Code"
  std::string path;
};

// The files that may exist for this person: in `home`, in `config_home` (XDG), and in the project folder `directory`.
struct HostPlaces {
  std::string home;
  std::string config_home;
  std::string directory;
};
std::vector<HostFile> host_files(const HostPlaces& places);

enum class Imported { added, same, kept, skipped, failed };
constexpr std::string_view name_of(Imported what) {
  switch (what) {
    case Imported::added:
      return "added";
    case Imported::same:
      return "same";  // it was there already
    case Imported::kept:
      return "kept";  // another entry of ours has that name
    case Imported::skipped:
      return "skipped";  // ourselves, or switched off
    case Imported::failed:
      return "failed";  // it cannot be used; see why
  }
  return "failed";
}

struct ImportedServer {
  std::string name, host, path;
  Imported what = Imported::added;
  std::string why{};
};

struct ImportReport {
  std::vector<ImportedServer> servers;
  std::vector<std::string> unreadable;  // "path: why"
  std::size_t count(Imported what) const;
};

enum class ImportMode { write, only_look };

struct ImportOptions {
  std::vector<HostFile> files;
  std::string servers_file;
  std::string vault_directory;  // for entries that name secrets of ours
  std::string login_path;       // process::login_path(…)
  ImportMode mode = ImportMode::write;
};

// Refused when our own servers.json is no JSON: it is left as it is.
Result<ImportReport> import_servers(const ImportOptions& options);

}  // namespace carillon::catalog
