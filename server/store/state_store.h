// StateStore: the entries of the shared state, the values that they had before, and what numbers were given out. What
// an operation makes of an entry is decided outside (domain/state_entry.h): lock, decide, save, in one transaction, so
// that a step of a run can do it together with its journal row. Belongs to the transaction it was made with.
//
// Whoever locks an entry waits for whoever holds it, so operations on one key follow each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/state_entry.h"
#include "server/store/store.h"

namespace carillon {

inline constexpr int kStateVersionsKept = 20;  // of a key, beside the value that it has

struct StateRecord {
  std::string key;
  StateEntry entry;  // of its value the text is as long as was asked for
  std::int64_t value_bytes = 0;
};

struct StateQuery {
  std::string space{kDefaultNamespace};
  std::string prefix{};
  std::string after{};  // a key
  Instant now{};        // at which an entry holds something
  int limit = 10;
  int value_bytes = 0;  // that are read of each
};

// A value that was replaced.
struct StateVersion {
  StateValue value;
  std::int64_t value_bytes = 0;
};

struct StateVersionQuery {
  std::int64_t before = 0;  // a version
  Instant now{};
  int limit = 10;
  int value_bytes = 0;
};

class StateStore {
 public:
  explicit StateStore(Tx& tx) : tx_(tx) {}

  // As it stands; for a key that was never used, or was forgotten, an entry that holds nothing and goes on with numbers
  // that the key has not given out.
  StateEntry lock(const TenantId& tenant, const StateKey& key);
  void save(const TenantId& tenant, const StateKey& key, const StateEntry& entry);
  // Of a locked entry, the value that is about to be replaced.
  void keep(const TenantId& tenant, const StateKey& key, const StateValue& replaced, Instant until);
  // All that were kept of the key; how many there were.
  std::int64_t forget_versions(const TenantId& tenant, const StateKey& key);

  std::optional<StateRecord> find(const TenantId& tenant, const StateKey& key, int value_bytes);
  // By key, bytewise.
  std::vector<StateRecord> list(const TenantId& tenant, const StateQuery& query);
  // The last first.
  std::vector<StateVersion> versions(const TenantId& tenant, const StateKey& key, const StateVersionQuery& query);

 private:
  Tx& tx_;
};

}  // namespace carillon
