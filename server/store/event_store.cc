#include "server/store/event_store.h"

#include <pqxx/pqxx>

#include "server/base/check.h"
#include "server/store/column.h"
#include "server/store/json_bytes.h"
#include "server/store/sql.h"

namespace carillon {

bool EventStore::insert(const TenantId& tenant, const NewEvent& event) {
  std::optional<std::string> cause;
  if (event.cause) cause = "run:" + event.cause->str();
  return !tx_.exec(sql::insert_event, tenant, event.id, event.type, event.key, Bytes{event.payload}, event.source,
                   cause, event.depth, event.tasks, event.correlation_id, event.at)
              .empty();
}

std::optional<EventId> EventStore::find(const TenantId& tenant, const std::string& type, const std::string& key) {
  const pqxx::result rows = tx_.exec(sql::find_event_of_key, tenant, type, key);
  if (rows.empty()) return std::nullopt;
  return column<EventId>(rows[0]["event_id"]);
}

std::vector<std::string> EventStore::patterns(const TenantId& tenant) {
  std::vector<std::string> patterns;
  for (const auto& row : tx_.exec(sql::event_patterns, tenant)) patterns.push_back(column<std::string>(row["anchor"]));
  return patterns;
}

std::vector<PatternTask> EventStore::waiting(const TenantId& tenant, const std::vector<std::string>& patterns,
                                             Addresses addresses) {
  std::vector<PatternTask> tasks;
  for (const auto& row : tx_.exec(sql::tasks_of_patterns, tenant, patterns, addresses == Addresses::taken_in)) {
    const auto state = task_state_named(column<std::string>(row["state"]));
    CARILLON_CHECK(state.has_value());
    tasks.push_back({column<TaskId>(row["task_id"]), column<std::string>(row["name"]), *state,
                     column<std::int16_t>(row["shard"]), json_of(column<Bytes>(row["definition"])),
                     column<std::optional<std::string>>(row["hook_id"])});
  }
  return tasks;
}

void EventStore::tell(const TenantId& tenant, EventId event, const std::vector<EventCue>& cues) {
  std::vector<TaskId> tasks;
  std::vector<std::string> sources, outcomes, told;
  for (const EventCue& cue : cues) {
    tasks.push_back(cue.task);
    sources.push_back(cue.source);
    outcomes.push_back(cue.outcome);
    told.push_back(cue.told);
  }
  if (!tasks.empty()) tx_.exec(sql::insert_event_cues, tenant, event, tasks, sources, outcomes, told);
}

std::optional<int> EventStore::depth_of(const TenantId& tenant, RunId run, const std::string& correlation_id) {
  const pqxx::result rows = tx_.exec(sql::depth_of_run, tenant, run, correlation_id);
  if (rows.empty()) return std::nullopt;
  return column<int>(rows[0]["depth"]);
}

std::vector<EventRecord> EventStore::list(const TenantId& tenant, const EventQuery& query) {
  std::vector<EventRecord> events;
  for (const auto& row :
       tx_.exec(sql::list_events, tenant, query.type_regex, query.from, query.before, query.limit, query.payload_bytes))
    events.push_back({.id = column<EventId>(row["event_id"]),
                      .type = column<std::string>(row["event_type"]),
                      .key = column<std::optional<std::string>>(row["event_key"]).value_or(""),
                      .payload = column<Bytes>(row["payload"]).data,
                      .payload_bytes = column<std::int64_t>(row["payload_bytes"]),
                      .source = column<std::string>(row["source"]),
                      .cause = column<std::optional<std::string>>(row["cause"]).value_or(""),
                      .at = column<Instant>(row["at"]),
                      .tasks = column<std::vector<std::string>>(row["tasks"])});
  return events;
}

}  // namespace carillon
