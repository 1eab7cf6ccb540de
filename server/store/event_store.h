// EventStore: events that were told, the tasks that wait for them, and the cues that tell those tasks. An event is
// written once and never changed; what it means to a task is decided outside (engine/subscribers.h). Belongs to the
// transaction it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/task.h"
#include "server/store/store.h"

namespace carillon {

using EventId = NumberId<struct EventTag>;  // made as run ids are: the later event has the greater

struct NewEvent {
  EventId id;
  std::string type;
  std::optional<std::string> key{};
  std::string payload;  // JSON
  std::string source;   // agent:owner
  std::optional<RunId> cause{};
  int depth = 0;  // how many runs had caused one another by then
  std::vector<TaskId> tasks{};
  std::string correlation_id;
  Instant at{};
};

// A task that waits for an event of this kind, as it stands.
struct PatternTask {
  TaskId id;
  std::string name;
  TaskState state;
  std::int16_t shard;
  json definition;
  std::optional<std::string> address{};  // where its deliveries are taken (webhook_store.h)
};

struct EventCue {
  TaskId task;
  std::string source;   // event, webhook
  std::string outcome;  // matches, failing
  std::string told;
};

struct EventQuery {
  std::optional<std::string> type_regex{};  // event_filter.h
  EventId from{0};
  EventId before{0};
  int limit = 10;
  int payload_bytes = 0;  // that are read of each
};

struct EventRecord {
  EventId id;
  std::string type;
  std::string key;
  std::string payload;  // its beginning
  std::int64_t payload_bytes;
  std::string source;
  std::string cause;
  Instant at;
  std::vector<std::string> tasks;  // that it set off and that are still there, by name
};

class EventStore {
 public:
  explicit EventStore(Tx& tx) : tx_(tx) {}

  // False: one of that type was told with that key; it is committed by now.
  bool insert(const TenantId& tenant, const NewEvent& event);
  std::optional<EventId> find(const TenantId& tenant, const std::string& type, const std::string& key);
  // Of living tasks, each once.
  std::vector<std::string> patterns(const TenantId& tenant);
  enum class Addresses { left_out, taken_in };  // of those that wait for deliveries
  std::vector<PatternTask> waiting(const TenantId& tenant, const std::vector<std::string>& patterns,
                                   Addresses addresses);
  // An event that was inserted in this transaction.
  void tell(const TenantId& tenant, EventId event, const std::vector<EventCue>& cues);
  // How many runs had caused one another when that run was started; nothing: it is no run of that trace.
  std::optional<int> depth_of(const TenantId& tenant, RunId run, const std::string& correlation_id);
  // The last first.
  std::vector<EventRecord> list(const TenantId& tenant, const EventQuery& query);

 private:
  Tx& tx_;
};

}  // namespace carillon
