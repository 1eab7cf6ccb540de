// Locks between processes: flock(2) on a file that is made when missing (0600) and never deleted, because deleting a
// locked file lets two owners hold "the" lock.
//
// The lock lasts as long as the object, ends with the process however that dies, and is not inherited by children.
// `turn` changes the kind without letting anybody else in between only when it succeeds; flock itself drops the old
// lock first, so a failed turn may leave nothing held and says so. One thread at a time.
#pragma once

#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/process/unique_fd.h"

namespace carillon::process {

enum class LockKind { shared, exclusive };

class FileLock {
 public:
  // Waits without limit. Throws std::system_error when the file cannot be opened.
  static FileLock take(const std::string& path, LockKind kind);
  // Nothing when somebody else holds it.
  static std::optional<FileLock> try_take(const std::string& path, LockKind kind);
  // Nothing when it did not come free in time; asks every 20 ms.
  static std::optional<FileLock> take_within(const std::string& path, LockKind kind, Duration at_most);

  // Changes the kind of a held lock; false: somebody else is in the way and now nothing is held.
  bool try_turn(LockKind kind);

  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace carillon::process
