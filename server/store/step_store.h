// StepStore: ends of steps that Carillon performs itself, written in the transaction that does what they say. Belongs
// to the transaction it was made with.
#pragma once

#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/hot_path.h"
#include "server/store/store.h"

namespace carillon {

// An attempt of a step, and by what lease its run is performed.
struct StepKey {
  RunLease lease;
  std::string owner;
  std::string path;
  int attempt = 1;
};

struct StepEnd {
  json output = nullptr;
  Instant started_at{};
  Instant finished_at{};
};

class StepStore {
 public:
  explicit StepStore(Tx& tx) : tx_(tx) {}

  // Nothing where it has not succeeded; without when it began.
  std::optional<StepEnd> find_end(const TenantId& tenant, const StepKey& step);
  // False: the run is somebody else's by now, or the end is there already; then nothing was written.
  bool insert_end(const TenantId& tenant, const StepKey& step, const StepEnd& end);

 private:
  Tx& tx_;
};

}  // namespace carillon
