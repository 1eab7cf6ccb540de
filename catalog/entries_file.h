// servers.json on disk: read again whenever it changed, or what its references name; written whole and 0600 because it
// may hold keys.
//
// A file that cannot be read or parsed keeps the last good entries in use; the problem is told instead. Writing goes to
// a neighbour that then takes the file's name, so nobody ever reads half a file. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "catalog/file_stamp.h"
#include "catalog/secrets.h"
#include "catalog/server_entry.h"
#include "server/base/guarded.h"
#include "server/base/json.h"

namespace carillon::catalog {

class EntriesFile {
 public:
  EntriesFile(std::string path, Vault vault) : path_(std::move(path)), vault_(std::move(vault)) {}

  // The entries, if they may be others than at the last call; nothing otherwise. A file that went away has none.
  std::optional<EntriesRead> read_if_changed();

 private:
  struct Seen {
    FileStamp entries, secrets;
    std::map<std::string, FileStamp> files;  // that references name
    bool operator==(const Seen&) const = default;
  };
  Seen look(const Seen& before) const;

  const std::string path_;
  const Vault vault_;
  Guarded<std::optional<Seen>> seen_;
};

// The file's document; an empty object when there is no such file. Refused when it is no JSON.
Result<ordered_json> read_document(const std::string& path);
// Throws std::system_error or std::filesystem::filesystem_error where it cannot be written.
void write_document(const std::string& path, const ordered_json& document);

}  // namespace carillon::catalog
