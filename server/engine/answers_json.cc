#include <nlohmann/json.hpp>
#include <optional>

#include "server/base/check.h"
#include "server/base/clock.h"

// What the JSON library does not know by itself: instants as text, and values that may be missing as null.
namespace nlohmann {

template <>
struct adl_serializer<carillon::Instant> {
  static void to_json(json& to, carillon::Instant instant) { to = carillon::to_rfc3339(instant); }
  static void from_json(const json& from, carillon::Instant& instant) {
    const auto read = carillon::parse_rfc3339(from.get_ref<const std::string&>());
    CARILLON_CHECK(read.has_value());  // to_json wrote it
    instant = *read;
  }
};

template <class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& to, const std::optional<T>& value) { to = value ? json(*value) : json(nullptr); }
  static void from_json(const json& from, std::optional<T>& value) {
    if (!from.is_null()) from.get_to(value.emplace());
  }
};

}  // namespace nlohmann

// Behind them, because comparing what it declares already asks how an optional becomes JSON.
#include "server/engine/answers_json.h"

namespace carillon {

// The members of each answer, once for both directions; an answer's parts stand before it.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NextSlot, at, note)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SimilarTask, task, why)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FieldChange, field, before, after)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TaskSaved, task, task_id, result, dry_run, state, version, kind, when,
                                                reads, zone, next, action, agent, overlap, misfire, grace, durable,
                                                warnings, similar, changed, new_webhook, at)
// caught_up came later; an answer that was kept before has none.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AffectedTask, task, was, state, next, zone, left_out, left_out_counted,
                                                caught_up)
// runs, too.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TaskStateSet, state, tasks, runs, unchanged, until, zone,
                                                dispatch_paused, still_running, queued, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Snoozed, task, zone, was_next, next, skipped, restored, reads, run, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ItemDeleted, kind, name, hard, restorable_until, still_refers, cancelled, at)
// repeated and reused came later, too.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunStarted, run, run_id, task, task_state, state, reason, run_at, zone,
                                                retry_of, repeated, reused, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunNotRetried, run, why)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunsRetried, runs, refused, more, at)
// undoes, too.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunCancelled, run, run_id, was, state, requested, undoes,
                                                outcome_unknown, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunResponded, run, run_id, step, decision, by, quorum, digest, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WorkResponded, run, run_id, step, state, until, prompt, data, expect, zone, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CalendarSaved, name, result, days, tasks, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CalendarDeleted, name, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Backfilled, task, zone, slots, runs, had_runs, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EventPublished, event, event_id, duplicate_of, tasks, runs, problems,
                                                at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StateChanged, space, key, op, version, value, length, expires_at, fencing, until,
                                   warnings, zone, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ToolUse, tool, effect, steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PipelineSaved, pipeline, result, dry_run, version, is_template, order, tools,
                                   changed, tasks, warnings, at)

json to_json(const TaskSaved& answer) { return json(answer); }
json to_json(const TaskStateSet& answer) { return json(answer); }
json to_json(const Snoozed& answer) { return json(answer); }
json to_json(const ItemDeleted& answer) { return json(answer); }
json to_json(const RunStarted& answer) { return json(answer); }
json to_json(const RunsRetried& answer) { return json(answer); }
json to_json(const RunCancelled& answer) { return json(answer); }
json to_json(const RunResponded& answer) { return json(answer); }
json to_json(const WorkResponded& answer) { return json(answer); }
json to_json(const CalendarSaved& answer) { return json(answer); }
json to_json(const CalendarDeleted& answer) { return json(answer); }
json to_json(const Backfilled& answer) { return json(answer); }
json to_json(const EventPublished& answer) { return json(answer); }
json to_json(const StateChanged& answer) { return json(answer); }
json to_json(const PipelineSaved& answer) { return json(answer); }

template <class Answer>
Answer answer_from_json(const json& stored) {
  return stored.get<Answer>();
}

template TaskSaved answer_from_json<TaskSaved>(const json& stored);
template TaskStateSet answer_from_json<TaskStateSet>(const json& stored);
template Snoozed answer_from_json<Snoozed>(const json& stored);
template ItemDeleted answer_from_json<ItemDeleted>(const json& stored);
template RunStarted answer_from_json<RunStarted>(const json& stored);
template RunsRetried answer_from_json<RunsRetried>(const json& stored);
template RunCancelled answer_from_json<RunCancelled>(const json& stored);
template RunResponded answer_from_json<RunResponded>(const json& stored);
template WorkResponded answer_from_json<WorkResponded>(const json& stored);
template CalendarSaved answer_from_json<CalendarSaved>(const json& stored);
template CalendarDeleted answer_from_json<CalendarDeleted>(const json& stored);
template Backfilled answer_from_json<Backfilled>(const json& stored);
template EventPublished answer_from_json<EventPublished>(const json& stored);
template StateChanged answer_from_json<StateChanged>(const json& stored);
template PipelineSaved answer_from_json<PipelineSaved>(const json& stored);

}  // namespace carillon
