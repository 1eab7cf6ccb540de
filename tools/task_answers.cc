#include "tools/task_answers.h"

#include "server/domain/error_class.h"
#include "server/domain/schedule/schedule.h"
#include "tools/calendar.h"
#include "tools/render.h"
#include "tools/resource.h"
#include "tools/run_answers.h"

namespace carillon::tools {
namespace {

ordered_json rfc3339_slots(const std::vector<NextSlot>& slots, const std::string& zone) {
  ordered_json at = ordered_json::array();
  for (const auto& slot : slots) at.push_back(to_rfc3339_in(slot.at, zone));
  return at;
}

// What only a person can mend is told from what may pass by itself.
std::string state_of(const TaskRow& row) {
  if (!row.failing) return std::string(name_of(row.state));
  const bool wants_person = row.last && row.last->error_class == describe(ErrorClass::needs_sign_in).name;
  return wants_person ? "failing (needs sign-in)" : "failing";
}

ordered_json task_row(const TaskRow& row, Instant now, Format format) {
  ordered_json facts{{"task", row.task}, {"state", state_of(row)}, {"reads", row.reads}};
  add_time(facts, "next", row.next, row.zone, now);
  add_time(facts, "paused_until", row.paused_until, row.zone, now);
  if (row.last)
    facts["last"] = std::string(name_of(row.last->state)) + " " + describe_distance(row.last->finished_at, now);
  if (format == Format::concise) return facts;
  facts["action"] = row.action;
  facts["kind"] = row.kind;
  facts["timezone"] = row.zone;
  add(facts, "tags", row.tags);
  facts["priority"] = row.priority;
  facts["agent"] = row.agent;
  if (row.last) facts["last_run"] = row.last->run;
  if (row.last) add(facts, "last_error", row.last->error_class);
  facts["id"] = row.task_id;
  return facts;
}

ordered_json statistics_of(const RunStatistics& statistics, Format format) {
  ordered_json facts{{"finished", statistics.finished}};
  if (statistics.success_rate) facts["success_rate"] = *statistics.success_rate;
  if (statistics.p50) facts["p50"] = say_duration(*statistics.p50);
  if (statistics.p95) facts["p95"] = say_duration(*statistics.p95);
  if (statistics.late_p95) facts["late_p95"] = say_duration(*statistics.late_p95);
  if (!statistics.cost.is_free()) facts["cost_usd"] = statistics.cost.dollars();
  if (format == Format::concise) return facts;
  facts["succeeded"] = statistics.succeeded;
  facts["failed"] = statistics.failed;
  facts["unknown"] = statistics.unknown;
  facts["missed"] = statistics.missed;
  facts["skipped"] = statistics.skipped;
  if (statistics.late_p50) facts["late_p50"] = say_duration(*statistics.late_p50);
  return facts;
}

ordered_json policy_of(const std::string& overlap, const std::string& misfire, const std::string& grace) {
  ordered_json policy{{"overlap", overlap}, {"misfire", misfire}};
  add(policy, "grace", grace);
  return policy;
}

ordered_json pause_of(const TaskDetail& detail, const std::string& zone) {
  ordered_json pause;
  add(pause, "reason", detail.pause_reason);
  add(pause, "by", detail.paused_by);
  add_time(pause, "until", detail.row.paused_until, zone, detail.now);
  return pause;
}

// The definition as its arguments; a long one as an extract, with the resource that holds it.
Answer with_definition(ordered_json facts, const TaskDetail& detail) {
  const json definition = as_arguments(detail.definition);
  const std::string text = definition.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kOutputShownMax) {
    facts["definition"] = definition;
    return tell(facts);
  }
  const std::string uri = task_uri(detail.row.task);
  facts["definition"] = extract(text, kOutputExtract).text + "…";
  facts["definition_resource"] = uri;
  Answer answer = tell(facts);
  answer.links.push_back({uri, "definition", kJson, text.size()});
  return answer;
}

}  // namespace

ordered_json brief_action(const json& action) {
  const std::string kind = action.is_object() ? action.value("kind", "") : "";
  if (kind == "tool") return {{"tool", action.value("tool", "")}};
  if (kind == "prompt")
    return {{"prompt", extract(action.value("prompt", ""), 200).text},
            {"answered_by", who_answers({"", action.value("agent", ""), action.value("model", false)})}};
  if (kind == "message") return {{"message", extract(action.value("message", ""), 200).text}};
  if (kind == "steps" && action.contains("pipeline")) {
    const json& use = action["pipeline"];
    return {{"pipeline", use.value("name", "") + "@" + std::to_string(use.value("version", 0))}};
  }
  ordered_json ids = ordered_json::array();
  if (kind == "steps")
    for (const auto& step : action.at("steps")) ids.push_back(step.value("id", ""));
  return {{"steps", ids}};
}

ordered_json say_slots(const std::vector<NextSlot>& slots, const std::string& zone, Instant now) {
  ordered_json said = ordered_json::array();
  for (const auto& slot : slots)
    said.push_back(describe_instant(slot.at, zone, now) + (slot.note.empty() ? "" : "; " + slot.note));
  return said;
}

Answer answer(const TaskSaved& saved, const ordered_json& webhook) {
  ordered_json facts{
      {"task", saved.task}, {"state", saved.state}, {"result", saved.result}, {"version", saved.version}};
  if (saved.dry_run) facts["saved"] = false;
  facts["schedule"] = {{"kind", saved.kind}, {"reads", saved.reads}, {"timezone", saved.zone}};
  facts["schedule"]["next"] = say_slots(saved.next, saved.zone, saved.at);
  facts["schedule"]["next_at"] = rfc3339_slots(saved.next, saved.zone);
  ordered_json runs = brief_action(saved.action);
  runs["as"] = saved.agent;
  runs["policy"] = policy_of(saved.overlap, saved.misfire, saved.grace);
  facts["runs"] = runs;
  facts["durable"] = saved.durable;
  if (!webhook.is_null()) facts["webhook"] = webhook;
  add(facts, "warnings", saved.warnings);
  for (const auto& similar : saved.similar) facts["similar"].push_back({{"task", similar.task}, {"why", similar.why}});
  for (const auto& change : saved.changed)
    facts["changed"].push_back({{"field", change.field}, {"before", change.before}, {"after", change.after}});
  return tell(facts);
}

Answer answer(const TaskStateSet& set) {
  ordered_json facts{{"state", set.state}};
  facts["tasks"] = ordered_json::array();
  for (const auto& task : set.tasks) {
    ordered_json row{{"task", task.task}, {"was", task.was}};
    add_time(row, "next", task.next, task.zone, set.at);
    if (task.left_out > 0) row["left_out"] = (task.left_out_counted ? "" : "at least ") + std::to_string(task.left_out);
    add(row, "caught_up", task.caught_up);
    facts["tasks"].push_back(row);
  }
  if (!set.runs.empty()) facts["runs"] = set.runs;
  facts["affected"] = set.tasks.size() + set.runs.size();
  if (set.unchanged > 0) facts["unchanged"] = set.unchanged;
  add_time(facts, "until", set.until, set.zone, set.at);
  if (set.dispatch_paused) facts["dispatch_paused"] = true;
  facts["still_running"] = set.still_running;
  facts["queued"] = set.queued;
  return tell(facts);
}

Answer answer(const Snoozed& snoozed) {
  ordered_json facts{{"task", snoozed.task}};
  add_time(facts, "was_next", snoozed.was_next, snoozed.zone, snoozed.at);
  add_time(facts, "next", snoozed.next, snoozed.zone, snoozed.at);
  for (const auto& slot : snoozed.skipped) facts["skipped"].push_back(describe_instant(slot, snoozed.zone, snoozed.at));
  if (snoozed.restored > 0) facts["restored"] = snoozed.restored;
  add(facts, "run", snoozed.run);
  add(facts, "rhythm", snoozed.reads);
  return tell(facts);
}

Answer answer(const ItemDeleted& deleted) {
  ordered_json facts{
      {"kind", deleted.kind}, {"name", deleted.name}, {"deleted", deleted.hard ? "for good" : "restorable"}};
  if (deleted.restorable_until) {
    facts["restorable_until"] = say_time(*deleted.restorable_until, "UTC", deleted.at);
    facts["restore"] = deleted.kind == "state"
                           ? "get_state with limit shows earlier values, set_state sets one again"
                           : "update_task {\"task\": " + json(deleted.name).dump() + ", \"restore\": true}";
  }
  if (deleted.cancelled > 0) facts["cancelled_runs"] = deleted.cancelled;
  add(facts, "still_refers", deleted.still_refers);
  return tell(facts);
}

Answer answer(const TaskPage& page, Format format) {
  ordered_json facts;
  facts["tasks"] = ordered_json::array();
  std::string text;
  for (const auto& row : page.tasks) {
    facts["tasks"].push_back(task_row(row, page.now, format));
    text += render_row(facts["tasks"].back(), {"task", "state", "reads", "action"}) + "\n";
  }
  facts["total"] = page.total;
  text += std::to_string(page.tasks.size()) + " of " + std::to_string(page.total) + " tasks";
  if (page.next_cursor) {
    facts["next_cursor"] = *page.next_cursor;
    text += "; more with cursor " + *page.next_cursor + ", fewer with query, state, kind, tag, agent or priority";
  }
  return {.structured = json(facts), .text = text};
}

Answer answer(const TaskDetail& detail, Format format, const ordered_json& webhook) {
  const std::string& zone = detail.row.zone;
  ordered_json facts{{"task", detail.row.task}, {"id", detail.row.task_id}};
  facts["state"] = state_of(detail.row);
  add(facts, "warnings", detail.warnings);
  add(facts, "paused", pause_of(detail, zone));
  add(facts, "description", detail.definition.description);
  facts["schedule"] = {
      {"when", detail.definition.when}, {"kind", detail.row.kind}, {"reads", detail.row.reads}, {"timezone", zone}};
  add(facts["schedule"], "next", say_slots(detail.next, zone, detail.now));
  if (!webhook.is_null()) facts["webhook"] = webhook;
  facts["runs"] = brief_action(to_json(detail.definition.action));
  facts["runs"]["as"] = detail.row.agent;
  facts["runs"]["policy"] = policy_of(detail.overlap, detail.misfire, detail.grace);
  for (const auto& run : detail.last) facts["last_runs"].push_back(run_row(run, detail.now, Format::concise));
  facts["last_30_days"] = statistics_of(detail.statistics, format);
  facts["version"] = detail.version;
  facts["created"] = say_time(detail.created_at, zone, detail.now) + " by " + detail.created_by;
  if (format == Format::concise) return tell(facts);
  facts["updated"] = say_time(detail.updated_at, zone, detail.now);
  facts["slots_fired"] = detail.fired;
  facts["priority"] = detail.row.priority;
  add(facts, "tags", detail.row.tags);
  return with_definition(std::move(facts), detail);
}

Answer answer(const Previewed& previewed) {
  ordered_json facts;
  add(facts, "kind", previewed.kind);
  add(facts, "reads", previewed.reads);
  facts["timezone"] = previewed.zone;
  for (const auto& slot : previewed.next) {
    ordered_json row{{"local", describe_local(slot.at, previewed.zone)},
                     {"at", to_rfc3339_in(slot.at, previewed.zone)},
                     {"utc", to_rfc3339(slot.at)},
                     {"distance", describe_distance(slot.at, previewed.now)}};
    add(row, "note", slot.note);
    facts["next"].push_back(row);
  }
  for (const auto& entry : previewed.agenda) {
    ordered_json row{{"task", entry.task}, {"at", say_time(entry.at, entry.zone, previewed.now)}};
    add(row, "note", entry.note);
    facts["agenda"].push_back(row);
  }
  facts["more"] = previewed.more;
  for (const auto& conflict : previewed.conflicts) {
    ordered_json row{{"kind", conflict.kind}};
    add(row, "with", conflict.with);
    row["at"] = say_time(conflict.at, previewed.zone, previewed.now);
    if (conflict.slots > 1) row["slots"] = conflict.slots;
    row["why"] = conflict.why;
    row["suggestion"] = conflict.suggestion;
    facts["conflicts"].push_back(row);
  }
  add(facts, "confirm", previewed.confirm);
  add(facts, "warnings", previewed.warnings);
  return tell(facts);
}

std::string calendar_text(const Previewed& previewed, const std::string& summary) {
  std::vector<CalendarEvent> events;
  const auto add_event = [&](Instant at, const std::string& what, const std::string& note) {
    events.push_back({.uid = what + "@" + to_rfc3339(at), .at = at, .summary = what, .description = note});
  };
  for (const auto& slot : previewed.next) add_event(slot.at, summary, slot.note);
  for (const auto& entry : previewed.agenda) add_event(entry.at, entry.task, entry.note);
  return to_calendar(events, previewed.now);
}

}  // namespace carillon::tools
