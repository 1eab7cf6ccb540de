// KnownTasks: what versions of tasks say, read once and shared. A version never changes; the task's name may, so an entry
// is read again after a while. Bounded. Belongs to the claimer's thread.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "server/store/db_clock.h"
#include "server/store/hot_path.h"
#include "server/worker/run_in_flight.h"

namespace carillon {

class KnownTasks {
 public:
  // Reads those that are not known in one statement. A version that is not there (deleted for good) is known as unreadable.
  void load(HotPath& path, const std::vector<LeasedRun>& runs);
  std::shared_ptr<const KnownTask> find(const LeasedRun& run) const;

 private:
  static constexpr std::size_t kMax = 20'000;
  static constexpr Duration kKnownFor = std::chrono::minutes{1};
  struct Entry {
    std::shared_ptr<const KnownTask> task;
    BootTime until;
  };
  std::map<VersionKey, Entry> entries_;
};

KnownTask read_task(std::string name, const std::string& definition);

}  // namespace carillon
