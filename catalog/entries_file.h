// servers.json on disk: read again whenever it changed, written whole and 0600 because it may hold keys.
//
// A file that cannot be read or parsed keeps the last good entries in use; the problem is told instead. Writing goes to
// a neighbour that then takes the file's name, so nobody ever reads half a file. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "catalog/server_entry.h"
#include "server/base/guarded.h"
#include "server/base/json.h"

namespace carillon::catalog {

class EntriesFile {
 public:
  explicit EntriesFile(std::string path) : path_(std::move(path)) {}

  // The entries, if the file is another one than at the last call; nothing otherwise. A file that went away has none.
  std::optional<EntriesRead> read_if_changed();

 private:
  struct Stamp {
    std::int64_t modified_ns = -1, size = -1;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;

  std::string path_;
  Guarded<std::optional<Stamp>> seen_;
};

// The file's document; an empty object when there is no such file. Refused when it is no JSON.
Result<ordered_json> read_document(const std::string& path);
// Throws std::system_error or std::filesystem::filesystem_error where it cannot be written.
void write_document(const std::string& path, const ordered_json& document);

}  // namespace carillon::catalog
