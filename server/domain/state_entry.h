// Shared state: a value under a key, the lease on that key, and what each operation makes of both
// (docs/adr/0034-shared-state.md).
//
// The versions of a value and the fencing numbers of leases are drawn from one row of growing numbers for each key, so
// that none is given out twice and neither can be mistaken for the other. While a lease is in force only who names its
// fencing number changes the value. What has expired is there no more, whether or not its row was swept.
//
// Pure; thread-safe. Instants are the database's time, told by whoever calls.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

inline constexpr std::size_t kStateKeyBytesMax = 200;
inline constexpr std::size_t kStateNamespaceBytesMax = 100;
inline constexpr std::size_t kStateValueBytesMax = 1024 * 1024;  // as JSON
inline constexpr std::size_t kStateValueDepthMax = 100;
inline constexpr Duration kStateTtlMax = std::chrono::hours{24 * 3650};
inline constexpr Duration kLeaseMax = std::chrono::hours{24 * 7};
inline constexpr Duration kLeaseDefault = std::chrono::minutes{5};
inline constexpr std::string_view kDefaultNamespace = "default";

enum class StateOp { set, increment, append, acquire, release };

inline constexpr auto kStateOpNames =
    std::to_array<std::string_view>({"set", "increment", "append", "acquire", "release"});
constexpr std::string_view name_of(StateOp op) { return kStateOpNames[static_cast<std::size_t>(op)]; }
std::optional<StateOp> state_op_named(std::string_view name);

struct StateKey {
  std::string space{kDefaultNamespace};
  std::string key{};
  friend auto operator<=>(const StateKey&, const StateKey&) = default;
};
// Errors: arguments_invalid at /namespace or /key.
Status check_state_key(const StateKey& key);

struct StateValue {
  std::int64_t version = 0;
  std::string text{};  // JSON
  std::optional<Instant> expires_at{};
  Instant changed_at{};
  std::string changed_by{};
};

struct StateLease {
  std::int64_t fencing = 0;
  std::string holder{};
  Instant until{};
};

struct StateEntry {
  std::int64_t last_number = 0;  // that was given out
  std::optional<StateValue> value{};
  std::optional<StateLease> lease{};  // the last one, also when it is over

  // What is there at that time: no expired value, no lease that is over.
  StateEntry at(Instant now) const;
  std::int64_t version() const { return value ? value->version : 0; }
};

struct StateChange {
  StateOp op = StateOp::set;
  std::optional<json> value{};               // of set and append; of increment the amount, 1 if there is none
  std::optional<std::int64_t> if_version{};  // the version that was read (0: none yet), or the fencing number held
  std::optional<Duration> ttl{};             // of the value, or of the lease
};

// Who changes it, and when.
struct StateWriter {
  std::string name;
  Instant now;
};

// The entry as the change leaves it. Errors:
// - arguments_invalid at /value, /if_version or /ttl, for what does not belong to the operation or cannot be done to
//   the value; too_large at /value;
// - version_conflict at /if_version when it is neither the version of the value nor the fencing number of the lease in
//   force; details: current_version, current (while it is short), holder and until of a lease in force;
// - conflict at /key while somebody else's lease is in force; details: holder, until.
Result<StateEntry> changed(const StateEntry& entry, const StateChange& change, const StateWriter& writer);

// The refusal of whoever would change or take away what a lease in force guards: conflict at /key, with its details.
Error held_by(const StateLease& lease);

}  // namespace carillon
