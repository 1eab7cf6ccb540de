// KnownTasks: what versions of tasks say, read once and shared. A version never changes; the task's name may, so an
// entry is read again after a while. Bounded. Whoever has read a definition says so: a run that the scheduler has just
// fired is claimed without asking the database again. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "server/base/guarded.h"
#include "server/store/db_clock.h"
#include "server/store/hot_path.h"
#include "server/worker/run_in_flight.h"

namespace carillon {

class KnownTasks {
 public:
  // The task of a version that was read elsewhere.
  void remember(const VersionKey& key, std::shared_ptr<const KnownTask> task);
  // The task of each run, in their order; those that are not known are read in one statement. A version that is not
  // there (deleted for good) is known as unreadable.
  std::vector<std::shared_ptr<const KnownTask>> of(HotPath& path, const std::vector<LeasedRun>& runs);

 private:
  static constexpr std::size_t kMax = 20'000;
  static constexpr Duration kKnownFor = std::chrono::minutes{1};
  struct Entry {
    std::shared_ptr<const KnownTask> task;
    BootTime until;
  };
  using Entries = std::map<VersionKey, Entry>;

  Guarded<Entries> entries_;
};

KnownTask read_task(std::string name, const std::string& definition);

}  // namespace carillon
