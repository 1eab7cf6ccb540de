// The shared state: the command set_state, the questions get_state and list_state, and their answers
// (docs/adr/0034-shared-state.md; what an operation does is domain/state_entry.h). Values only. JSON: answers_json.h.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/state_entry.h"
#include "server/engine/command.h"

namespace carillon {

struct SetState {
  CommandKey key{};
  StateKey entry{};
  StateChange change{};
};

struct StateChanged {
  std::string space{};
  std::string key{};
  std::string op{};
  std::int64_t version = 0;  // of the value now; 0: there is none
  json value = nullptr;      // the sum, of increment
  std::int64_t length = 0;   // of the list, of append
  std::optional<Instant> expires_at{};
  std::int64_t fencing = 0;        // of the lease, of acquire
  std::optional<Instant> until{};  // when the lease ends; of release, when it ended
  std::vector<std::string> warnings{};
  std::string zone{};
  Instant at{};
};

// A value as it is shown: all of its JSON, or as much of its beginning as was asked for.
struct StateView {
  std::string key{};
  std::int64_t version = 0;  // 0: there is no value
  std::string text{};
  std::int64_t bytes = 0;  // of the whole
  std::optional<Instant> expires_at{};
  Instant changed_at{};
  std::string changed_by{};
  std::string holder{};  // of a lease in force
  std::optional<Instant> until{};
};

struct GetState {
  StateKey entry{};
  int limit = 0;                        // how many earlier values are wanted
  std::optional<std::string> cursor{};  // among these
  int value_bytes = 0;                  // that are shown of the value
  int earlier_bytes = 0;                // and of each earlier one
};

struct StateDetail {
  std::string space{};
  StateView entry{};
  std::vector<StateView> earlier{};  // the last first; with their versions, texts, and who wrote them when
  std::optional<std::string> next_cursor{};
  std::vector<std::string> nearest{};  // keys, where there is nothing under this one
  std::string zone{};
  Instant now{};
};

struct ListState {
  std::string space{kDefaultNamespace};
  std::string prefix{};
  int limit = 10;
  std::optional<std::string> cursor{};
  int value_bytes = 0;  // that are shown of each
};

struct StatePage {
  std::string space{};
  std::vector<StateView> entries{};  // by key
  std::optional<std::string> next_cursor{};
  std::string zone{};
  Instant now{};
};

}  // namespace carillon
