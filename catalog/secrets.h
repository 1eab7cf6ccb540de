// The vault: what must not be readable on disk. Secrets that people entered (`carillon secret set`) and the grants by
// which we are signed in to downstream servers (`carillon login`).
//
// One file an entry, encrypted (XChaCha20-Poly1305) with its shelf and name authenticated, so that files cannot be
// swapped; the key lies beside them in `key`, readable by its owner only, and is made with the first entry. All
// processes of one home share the vault: entries are replaced whole, and who changes one after reading it takes its
// turn. What is read is registered with the mask. Holds no state; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/file_stamp.h"
#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/process/file_lock.h"

namespace carillon::catalog {

enum class Shelf { secrets, grants };

inline constexpr std::size_t kSecretBytesMax = 64u << 10;

// 1 to 64 letters, digits, `.`, `-` and `_`, or bytes of other alphabets; not led by a dot.
bool is_entry_name(std::string_view name);

class Vault {
 public:
  // The directory is made with the first entry. Empty: there is no vault, and nothing in it.
  explicit Vault(std::string directory) : directory_(std::move(directory)) {}

  // Errors: unknown_name (there is no such entry), unavailable (it cannot be opened, and why).
  Result<std::string> read(Shelf shelf, const std::string& name) const;
  // Errors: arguments_invalid (no such name is possible, or the value is empty or too long), unavailable.
  Status write(Shelf shelf, const std::string& name, std::string_view value) const;
  // false: it was not there.
  bool erase(Shelf shelf, const std::string& name) const;
  std::vector<std::string> names(Shelf shelf) const;  // in order

  // Whoever holds the turn may read the entry and then write it, knowing that nobody else has in between. Errors:
  // unavailable (it did not come free in time, or the directory cannot be written).
  Result<process::FileLock> take_turn(Shelf shelf, const std::string& name, Duration at_most) const;

  // Changes whenever the entry does; and whenever any entry of the shelf does.
  FileStamp stamp(Shelf shelf, const std::string& name) const { return stamp_of(path_of(shelf, name)); }
  FileStamp stamp(Shelf shelf) const { return stamp_of(folder_of(shelf)); }

 private:
  std::string folder_of(Shelf shelf) const;
  std::string path_of(Shelf shelf, const std::string& name) const;
  Result<std::string> key() const;

  std::string directory_;
};

}  // namespace carillon::catalog
