// Retention: what is forgotten, and the partitions that must be there before the runs of their week.
//
// A sweep deletes little at a time, each kind in a transaction of its own, and gives way: it skips rows that others
// hold and gives up on a lock after 50 ms; what it could not do is done next time. What the configuration's default
// covers goes as whole weekly partitions, up to a week late; single rows are deleted only for tasks that keep less, and
// beside tasks that keep more. A run that waits, a run under way and what belongs to them are never touched.
//
// Works across tenants, with the login carillon_dispatch. Thread-safe; sweeping in two processes is harmless.
#pragma once

#include <cstdint>

#include "server/base/clock.h"
#include "server/store/retention_options.h"
#include "server/store/store.h"

namespace carillon {

inline constexpr int kWeeksAhead = 4;

struct Swept {
  std::int64_t rows = 0;
  int partitions = 0;
  bool more = false;  // a batch was full or a lock was busy: sweep again soon
};

class Retention {
 public:
  Retention(Store& store, const RetentionOptions& options) : store_(store), options_(options) {}

  // At the start, before the first run is made; every sweep does it as well, and gives way there. How many were made.
  int make_partitions(Instant now);
  Swept sweep(Instant now);

 private:
  struct Horizons {
    Duration records, outputs;  // of the most patient task
  };
  Horizons read_horizons();
  void drop(const char* table, Instant before, Swept& swept);
  // Runs one batch: `work` answers how many rows it deleted.
  template <class Work>
  void batch(Work work, Swept& swept);

  Store& store_;
  const RetentionOptions options_;
};

}  // namespace carillon
