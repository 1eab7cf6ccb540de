// Changes: what is different from when one looked last, for those who want to be told (resource subscriptions).
//
// A run or task is found once for its caller and then asked for its mark, a text that differs whenever the thing does:
// one statement a kind for any number of them, so that watching costs by what is watched and not by what happens.
// Whatever process changed it is seen. A key of the shared state is watched by its name, also before there is
// something. A tenant's activity is counted from the outbox, in a bounded look.
//
// Values, and one class that belongs to one thread at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/base/id.h"
#include "server/domain/state_entry.h"

namespace carillon {

class Store;

struct Watched {
  enum class Kind { task, run, state };
  Kind kind = Kind::run;
  TenantId tenant;
  std::int64_t id = 0;  // of a task or run
  StateKey key{};       // of the shared state
  friend auto operator<=>(const Watched&, const Watched&) = default;
};

struct ChangeMark {
  std::string text{};
  bool final = false;  // it will not change any more
};
using ChangeMarks = std::map<Watched, ChangeMark>;

// Who had events since the look before.
struct Activity {
  bool everybody = false;  // too many events to look at each: all may have had some
  std::set<TenantId> tenants{};
  std::set<TenantId> tasks_came_or_went{};

  bool includes(const TenantId& tenant) const { return everybody || tenants.contains(tenant); }
};

// Which tenants had events; the first look sees nothing. A look begins behind an older event and counts, so that an
// event that commits after a later one is still seen; it moves on every thousand events.
class ActivityTail {
 public:
  Activity look(Store& store);
  bool begun() const { return from_.has_value(); }

 private:
  struct Count {
    std::int64_t events = 0;
    std::int64_t made_or_taken = 0;
  };
  std::optional<std::int64_t> from_{};
  std::map<TenantId, Count> counts_{};
};

}  // namespace carillon
