// Which attempt of a step of which run is meant. A pure value.
#pragma once

#include <string>

#include "server/store/hot_path.h"

namespace carillon {

// An attempt of a step, and by what lease its run is performed.
struct StepKey {
  RunLease lease;
  std::string owner;
  std::string path;
  int attempt = 1;
};

}  // namespace carillon
