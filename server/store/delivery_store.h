// DeliveryStore: what is to be told of the ends of runs, one row for each end and target. Rows are planned by the
// statement that ends the run (migration delivery); here they are taken by who delivers their kind, and settled.
//
// A taken row is due again after a while: a deliverer that died loses nothing. Belongs to the transaction it was made
// with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/store.h"

namespace carillon {

// Who is told: an agent of a tenant.
struct Recipient {
  TenantId tenant;
  AgentId agent;
  friend auto operator<=>(const Recipient&, const Recipient&) = default;
};

struct DeliveryKey {
  TenantId tenant;
  RunId run;
  std::string target;
};

struct TakenDelivery {
  DeliveryKey key;
  AgentId agent;
  int attempts = 1;   // this one counted
  bool held = false;  // there was no room for it within an hour: it is told together with others
};

// expired: nobody was there to take it in time.
enum class DeliveryState { pending, sent, failed, expired };
inline constexpr auto kDeliveryStateNames = std::to_array<std::string_view>({"pending", "sent", "failed", "expired"});
constexpr std::string_view name_of(DeliveryState state) { return kDeliveryStateNames[static_cast<std::size_t>(state)]; }

struct DeliveryEnd {
  DeliveryState state = DeliveryState::sent;  // not pending
  std::string error{};
  Instant at{};
};

struct DeliveryRecord {
  std::string target;
  std::string about;  // end; approval: of something that the run asks
  std::string state;
  int attempts = 0;
  std::string error;
  std::optional<Instant> settled_at;
  Instant due_at{};
};

// What a target was not told: given up, or tried in vain so far.
struct UndeliveredRecord {
  RunId run;
  std::string target;
  std::string state;
  std::string error;
};
struct Undelivered {
  std::int64_t total = 0;
  std::vector<UndeliveredRecord> latest{};
};
struct UndeliveredKind {
  std::string kind;
  std::int64_t total = 0;
  std::string latest;  // reason
};

// What an agent was sent within a while: how many notices, and when the earliest of them was.
struct SentBefore {
  std::int64_t notices = 0;
  std::optional<Instant> earliest{};
};

struct TakeDeliveries {
  std::string_view kind;
  std::vector<Recipient> recipients;
  Instant now;
  Instant due_again;
  int limit = 100;
};

class DeliveryStore {
 public:
  explicit DeliveryStore(Tx& tx) : tx_(tx) {}

  // Of all tenants: in a transaction across tenants, like all that follows up to sent_since.
  std::vector<TakenDelivery> take(const TakeDeliveries& wanted);
  void settle(const DeliveryKey& key, const DeliveryEnd& end);
  // Of those that were told together, named after the run of the first.
  void settle_together(const std::vector<DeliveryKey>& keys, const DeliveryEnd& end);
  void hold(const DeliveryKey& key, Instant until);
  // Not tried after all: due at once.
  void release(const DeliveryKey& key, Instant now);
  // The latest `limit` of them are looked at.
  SentBefore sent_since(const Recipient& recipient, std::string_view kind, Instant since, int limit);

  std::vector<DeliveryRecord> of_run(const TenantId& tenant, RunId run);
  // What was given up since then, and what is tried again; at most so many of them.
  Undelivered undelivered(const TenantId& tenant, Instant since, int limit);
  // The same of all tenants, by kind.
  std::vector<UndeliveredKind> undelivered_kinds(Instant since);

 private:
  Tx& tx_;
};

}  // namespace carillon
