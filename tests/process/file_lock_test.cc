#include "server/process/file_lock.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>

using namespace carillon;
using namespace carillon::process;
using namespace std::chrono_literals;

namespace {
struct LockFile {
  std::string path =
      (std::filesystem::temp_directory_path() / ("carillon_lock_" + std::to_string(::getpid()))).string();
  ~LockFile() { std::filesystem::remove(path); }
};
}  // namespace

TEST_CASE("an exclusive lock keeps everybody out until it ends", "[process][file_lock]") {
  const LockFile file;
  {
    const auto held = FileLock::take(file.path, LockKind::exclusive);
    CHECK_FALSE(FileLock::try_take(file.path, LockKind::exclusive));
    CHECK_FALSE(FileLock::try_take(file.path, LockKind::shared));
    CHECK_FALSE(FileLock::take_within(file.path, LockKind::shared, 30ms));
  }
  CHECK(FileLock::try_take(file.path, LockKind::exclusive));
}

TEST_CASE("shared locks live side by side and the last holder can turn exclusive", "[process][file_lock]") {
  const LockFile file;
  auto last = FileLock::take(file.path, LockKind::shared);
  {
    const auto other = FileLock::try_take(file.path, LockKind::shared);
    REQUIRE(other);
    CHECK_FALSE(FileLock::try_take(file.path, LockKind::exclusive));
    CHECK_FALSE(last.try_turn(LockKind::exclusive));
  }
  CHECK(last.try_turn(LockKind::exclusive));
  CHECK_FALSE(FileLock::try_take(file.path, LockKind::shared));
}

TEST_CASE("a lock file that cannot be opened is an error", "[process][file_lock]") {
  CHECK_THROWS_AS(FileLock::take("/no/such/folder/lock", LockKind::shared), std::system_error);
}
