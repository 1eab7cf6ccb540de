#include "server/process/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace carillon::process {
namespace {

UniqueFd open_lock_file(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd.open()) throw std::system_error(errno, std::generic_category(), "cannot open the lock file " + path);
  return fd;
}

int operation(LockKind kind) { return kind == LockKind::shared ? LOCK_SH : LOCK_EX; }

bool lock(int fd, int how) {
  while (::flock(fd, how) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "flock");
  }
  return true;
}

}  // namespace

FileLock FileLock::take(const std::string& path, LockKind kind) {
  FileLock held{open_lock_file(path)};
  lock(held.fd(), operation(kind));
  return held;
}

std::optional<FileLock> FileLock::try_take(const std::string& path, LockKind kind) {
  FileLock held{open_lock_file(path)};
  if (!lock(held.fd(), operation(kind) | LOCK_NB)) return std::nullopt;
  return held;
}

std::optional<FileLock> FileLock::take_within(const std::string& path, LockKind kind, Duration at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  FileLock held{open_lock_file(path)};
  while (!lock(held.fd(), operation(kind) | LOCK_NB)) {
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return held;
}

bool FileLock::try_turn(LockKind kind) { return lock(fd(), operation(kind) | LOCK_NB); }

}  // namespace carillon::process
