// Membership: this process among those that share a database. It leases the slot that is part of every run id the
// process makes, so it exists before anything that makes runs; the worker renews it. A process without a worker renews
// it itself.
//
// ids() may be used from any thread; renew() belongs to one.
#pragma once

#include <string>

#include "server/domain/run_id.h"
#include "server/store/shard_leases.h"

namespace carillon {

class Membership {
 public:
  // Connects, measures the database's clock and leases a slot. Throws when there is no database or no slot.
  Membership(const HotPathOptions& options, ProcessCard card, DbClock& clock, Duration expiry = kProcessExpiry);
  // Ends the lease; what cannot be said because the database is away is found out when it expires.
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // Aborts when the slot went to somebody else: run ids could be made twice.
  void renew();
  RunIdMaker& ids() { return ids_; }
  const std::string& instance() const { return card_.instance; }

 private:
  const ProcessCard card_;
  const Duration expiry_;
  HotPathConnection connection_;
  ShardLeases leases_;
  const int slot_;
  RunIdMaker ids_;
};

// This host and process, under a name that no other process ever has.
ProcessCard this_process(std::string kind);

}  // namespace carillon
