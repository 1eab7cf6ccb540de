#include "server/cli/daemon_link.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <thread>

#include "server/process/file_lock.h"

namespace carillon::cli {
namespace {

using std::chrono::milliseconds;
constexpr Duration kLong = std::chrono::seconds{60};

struct Place {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("carillon_link_" + std::to_string(::getpid()));
  Paths paths;

  Place() {
    std::filesystem::create_directories(folder);
    paths.socket = folder / "daemon.sock";
    paths.daemon_lock = folder / "daemon.lock";
  }
  ~Place() { std::filesystem::remove_all(folder); }
  Ending end(Duration patience) const { return *end_daemon(paths, patience); }
  process::FileLock lock() const {
    return process::FileLock::take(paths.daemon_lock.string(), process::LockKind::exclusive);
  }
};

TEST_CASE("where no daemon ran there is nothing to end", "[cli][daemon-link]") {
  const Place place;
  CHECK(place.end(kLong) == Ending::none_ran);
  CHECK_FALSE(std::filesystem::exists(place.paths.daemon_lock));
  place.lock();
  CHECK(place.end(kLong) == Ending::none_ran);
}

// One that closes its socket before its runs are finished, or before its answer is sent.
TEST_CASE("a daemon that answers no more is awaited while it holds its lock", "[cli][daemon-link]") {
  const Place place;
  std::optional<process::FileLock> held{place.lock()};
  CHECK(place.end(milliseconds{1}) == Ending::still_at_work);
  std::jthread finishing{[&] {
    std::this_thread::sleep_for(milliseconds{50});
    held.reset();
  }};
  CHECK(place.end(kLong) == Ending::ended);
}

}  // namespace
}  // namespace carillon::cli
