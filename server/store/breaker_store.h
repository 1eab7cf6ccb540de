// BreakerStore: where the circuit breakers of the downstream servers stand, one row a server, for all processes. Times
// go in and out as durations, by the database's clock. Belongs to the transaction it was made with, across tenants.
#pragma once

#include <string_view>
#include <vector>

#include "server/domain/breaker.h"
#include "server/store/store.h"

namespace carillon {

class BreakerStore {
 public:
  explicit BreakerStore(Tx& tx) : tx_(tx) {}

  // As `breaker` stands, if its revision is still the latest, which then is one more. False: somebody was first.
  bool change(const SharedBreaker& breaker, std::string_view by);
  std::vector<SharedBreaker> all();

 private:
  Tx& tx_;
};

}  // namespace carillon
