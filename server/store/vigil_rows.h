// VigilRows: that somebody watches the schedules, noted again and again, so that whoever comes after a time in which
// nobody did knows from when until when that was.
//
// Cross-tenant: runs as carillon_dispatch. Belongs to its connection's thread.
#pragma once

#include <optional>
#include <string_view>

#include "server/store/hot_path.h"

namespace carillon {

class VigilRows {
 public:
  explicit VigilRows(HotPathConnection& connection) : connection_(connection) {}

  struct Watch {
    Instant now;
    Duration gap;           // longer without anybody is an outage
    std::string_view kind;  // of that (migration outages)
    Duration gather;        // so long after it its ends wait for each other
  };
  // The beginning of the outage that ends now. Of several watchers at once one writes it.
  std::optional<Instant> keep(const Watch& watch);

 private:
  HotPathConnection& connection_;
};

}  // namespace carillon
