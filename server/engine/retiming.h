// Retiming: next slots follow the zones that they were computed in.
//
// Each shard carries a mark: the tzdata version and the machine's zone that its next slots were computed with. Whoever
// owns a shard with another mark than its own takes the shard's tasks one after another, computes their next slots anew
// and marks the shard; a process that dies in the middle leaves it to the next owner, for whom nothing is done twice. A
// task that moved is told to its owner once: an event, a row that get_status reads, and the log.
//
// A slot that has fired stays fired: it is found again by its time on the wall clock as it was then, so that 09:00 does
// not come twice on a day whose offset changed, and what lies between is neither lost nor doubled.
//
// Belongs to one thread, the worker's housekeeper; the database decides between processes.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "server/domain/schedule/zone_offsets.h"
#include "server/engine/engine.h"
#include "server/store/task_store.h"
#include "server/store/zone_store.h"

namespace carillon {

struct RetimingOptions {
  Duration settled = std::chrono::seconds{5};  // so long nobody has touched the zone database: it is not half a package
  Duration at_a_time = std::chrono::milliseconds{200};
  int block = 200;  // tasks read in one go
};

class Retiming {
 public:
  // `owner`: the name under which this process owns shards.
  Retiming(EngineParts parts, RunWatch& watch, std::string owner, RetimingOptions options = {});

  // Looks for what changed and works on it for `at_a_time` at most. True: more is left to do.
  bool run_once();

 private:
  struct Work {
    std::int16_t shard;
    ZoneMark was;
    std::optional<TenantTask> after{};  // the last one that was looked at
    std::shared_ptr<const ZoneOffsets> offsets;
  };

  void look_for_work();
  bool go_on(Work& work);  // false: the shard is done
  bool concerns(Tx& tx, const Work& work, const TenantTaskRecord& found) const;
  void retime(const Work& work, const TenantTaskRecord& found);

  const EngineParts parts_;
  RunWatch& watch_;
  const std::string owner_;
  const RetimingOptions options_;
  ZoneMark now_;
  std::deque<Work> work_;
};

}  // namespace carillon
