// Circuit breakers are shared by the processes of a database: what one of them decided is written, audited and told as
// an event in one transaction, and what the others decided comes back with it. Where two decided on top of the same
// revision the first one's word counts and the other's is dropped: it takes over what it reads.
//
// Called about once a second; one statement reads all rows, which are as many as servers that ever failed. Belongs to
// one thread; the database decides between processes.
#pragma once

#include <string>
#include <vector>

#include "server/domain/breaker.h"
#include "server/engine/engine.h"

namespace carillon {

class BreakerSharing {
 public:
  // `process`: the name under which this process writes.
  BreakerSharing(EngineParts parts, std::string process) : parts_(parts), process_(std::move(process)) {}

  // What all know now. Throws where the database is away: then the same news are to be given again.
  std::vector<SharedBreaker> exchange(const std::vector<BreakerNews>& news);

 private:
  void write(Tx& tx, const BreakerNews& news, Instant at);

  const EngineParts parts_;
  const std::string process_;
};

}  // namespace carillon
