// The circuit breakers of the downstream servers, as the threads of this process share them.
//
// Every call asks its server's breaker and tells it how it ended; that touches no database. What a breaker decides is
// counted and logged here at once, and kept as news for whoever shares it with other processes
// (server/engine/breaker_sharing.h); what those decided is taken over. The rules are server/domain/breaker.h.
//
// Thread-safe. A breaker outlives the entry of its server, which may come back.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "server/domain/breaker.h"

namespace carillon::catalog {

class ServerBreaker {
 public:
  ServerBreaker(std::string server, const BreakerRules& rules);

  // One call asks. Admitted: tell() must follow, once, with the same pass.
  BreakerPass ask();
  void tell(const BreakerPass& pass, CallVerdict verdict);
  bool is_shut() const;  // every call would be refused now
  BreakerStanding standing() const;
  // The server's entry is another.
  void mend();

  // What was decided here and is not yet told to others.
  BreakerNews news() const;
  // Others have been told the first `told` changes, and this is what all know now.
  void take_over(std::size_t told, const SharedBreaker& now_known);

 private:
  struct Inside {
    Breaker breaker;
    std::int64_t revision = 0;
    std::vector<BreakerChange> news{};
  };
  // Lets `visit` do something to the breaker, and notes where that was a step.
  template <class Visit>
  void use(Visit&& visit);
  void report(const BreakerChange& change, const BreakerStanding& standing) const;
  void show(BreakerState state) const;

  const std::string server_;
  Guarded<Inside> inside_;
};

// Why a call is refused, for a person: "server "x": 9 of the last 12 calls failed; the server is tried again in 24s".
std::string why_refused(const std::string& server, const BreakerStanding& standing);

class Breakers {
 public:
  explicit Breakers(const BreakerRules& rules) : rules_(rules) {}

  std::shared_ptr<ServerBreaker> of(const std::string& server);  // made when it is asked for first

  // Of all breakers with any.
  std::vector<BreakerNews> news() const;
  // `told` is what news() gave and others have heard since; `now_known` what all know now.
  void take_over(const std::vector<BreakerNews>& told, const std::vector<SharedBreaker>& now_known);

 private:
  using ByServer = std::map<std::string, std::shared_ptr<ServerBreaker>>;

  const BreakerRules rules_;
  Guarded<ByServer> breakers_;
};

}  // namespace carillon::catalog
