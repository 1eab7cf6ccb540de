#include "server/domain/task.h"

#include <algorithm>

#include "server/domain/duration_text.h"
#include "server/domain/refusal.h"

namespace carillon {

namespace {

// What the caller said, member by member; the resolved schedule is left out.
json said(const TaskDefinition& definition) {
  json value{{"when", definition.when},
             {"timezone", definition.schedule.zone},
             {"action", to_json(definition.action)},
             {"description", definition.description},
             {"tags", definition.tags},
             {"priority", definition.priority},
             {"lock", definition.lock},
             {"notify", definition.notify},
             {"options", to_json(definition.options)}};
  value["deadline"] = definition.deadline ? json(to_text(*definition.deadline)) : json(nullptr);
  value["dedupe"] = definition.dedupe
                        ? json{{"key", definition.dedupe->key}, {"window", to_text(definition.dedupe->window)}}
                        : json(nullptr);
  value["notify_on"] = definition.notify_on ? json(name_of(*definition.notify_on)) : json(nullptr);
  return value;
}

// splitmix64: the same share of the jitter in every process.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

void compare(std::vector<FieldChange>& changes, std::string field, const json& before, const json& after) {
  if (before != after) changes.push_back({std::move(field), before, after});
}

// A version of a pipeline for its steps.
json compared(const Action& action) {
  json members = as_arguments(action);
  if (action.use) members["pipeline"] = to_text(*action.use);
  return members;
}

void compare_members(std::vector<FieldChange>& changes, const std::string& prefix, const json& before,
                     const json& after) {
  json names = before;
  names.update(after);
  for (const auto& [name, value] : names.items())
    compare(changes, prefix + name, before.value(name, json(nullptr)), after.value(name, json(nullptr)));
}

Result<TaskDefinition> read_said(const json& stored) {
  TaskDefinition definition;
  definition.when = stored.at("when");
  auto action = read_action(stored.at("action"), "/action");
  if (!action) return action.error();
  definition.action = std::move(*action);
  definition.description = stored.at("description");
  definition.tags = stored.at("tags").get<std::vector<std::string>>();
  definition.priority = stored.at("priority");
  definition.lock = stored.at("lock");
  // Versions from before there were notifications have none.
  definition.notify = stored.value("notify", std::vector<std::string>{});
  if (const json on = stored.value("notify_on", json(nullptr)); !on.is_null()) {
    definition.notify_on = notify_on_named(on.get<std::string>());
    if (!definition.notify_on) return invalid("there is no such wish", "/notify_on", on);
  }
  auto options = read_options(stored.at("options"), "/options");
  if (!options) return options.error();
  definition.options = std::move(*options);
  if (const json& deadline = stored.at("deadline"); !deadline.is_null()) {
    auto read = read_duration(deadline.get<std::string>(), "/deadline");
    if (!read) return read.error();
    definition.deadline = *read;
  }
  if (const json& dedupe = stored.at("dedupe"); !dedupe.is_null()) {
    auto window = read_duration(dedupe.at("window").get<std::string>(), "/dedupe/window");
    if (!window) return window.error();
    definition.dedupe = Dedupe{dedupe.at("key"), *window};
  }
  auto schedule = schedule_from_json(stored.at("schedule"));
  if (!schedule) return schedule.error();
  definition.schedule = std::move(*schedule);
  return definition;
}

}  // namespace

std::optional<TaskState> task_state_named(std::string_view name) {
  const auto* found = std::find(kTaskStateNames.begin(), kTaskStateNames.end(), name);
  if (found == kTaskStateNames.end()) return std::nullopt;
  return static_cast<TaskState>(found - kTaskStateNames.begin());
}

std::optional<Meanwhile> meanwhile_named(std::string_view name) {
  const auto* found = std::find(kMeanwhileNames.begin(), kMeanwhileNames.end(), name);
  if (found == kMeanwhileNames.end()) return std::nullopt;
  return static_cast<Meanwhile>(found - kMeanwhileNames.begin());
}

json to_json(const TaskDefinition& definition) {
  json value = said(definition);
  value["schedule"] = to_json(definition.schedule);
  return value;
}

Result<TaskDefinition> definition_from_json(const json& stored) {
  try {
    return read_said(stored);
  } catch (const json::exception& unreadable) {
    return invalid(std::string("the stored definition cannot be read: ") + unreadable.what(), "");
  }
}

bool same_definition(const TaskDefinition& left, const TaskDefinition& right) { return said(left) == said(right); }

std::vector<FieldChange> changes(const TaskDefinition& before, const TaskDefinition& after) {
  const json old_said = said(before);
  const json new_said = said(after);
  std::vector<FieldChange> found;
  compare(found, "when", old_said["when"], new_said["when"]);
  compare(found, "timezone", old_said["timezone"], new_said["timezone"]);
  compare_members(found, "", compared(before.action), compared(after.action));
  for (const char* field : {"description", "tags", "priority", "deadline", "dedupe", "lock", "notify", "notify_on"})
    compare(found, field, old_said[field], new_said[field]);
  compare_members(found, "options.", old_said["options"], new_said["options"]);
  return found;
}

json as_arguments(const TaskDefinition& definition) {
  json arguments = said(definition);
  arguments.erase("action");
  arguments.update(as_arguments(definition.action));
  for (auto it = arguments.begin(); it != arguments.end();)
    it = it->is_null() || (it.key() != "arguments" && it->empty()) || *it == "" ? arguments.erase(it) : std::next(it);
  return arguments;
}

MisfirePolicy misfire_policy(const TaskDefinition& definition, Instant now) {
  MisfirePolicy policy = default_misfire(definition.schedule, now);
  const TaskOptions& options = definition.options;
  if (options.misfire) {
    // The kind's own grace belongs to the kind's own policy.
    if (*options.misfire != policy.misfire) policy.grace.reset();
    policy.misfire = *options.misfire;
  }
  if (options.grace) policy.grace = options.grace;
  if (options.max_catch_up) policy.max_catch_up = *options.max_catch_up;
  return policy;
}

Overlap overlap_policy(const TaskDefinition& definition) {
  if (definition.options.overlap) return *definition.options.overlap;
  // What others tell us once is not to be lost because its forerunner still runs.
  const auto& triggers = definition.schedule.triggers;
  const bool told = std::all_of(triggers.begin(), triggers.end(), [](const Trigger& each) {
    return each.source() == TriggerSource::event || each.source() == TriggerSource::webhook;
  });
  return told && !triggers.empty() ? Overlap::queue_all : Overlap::skip;
}

std::optional<Instant> expires_at(const TaskDefinition& definition, Instant slot) {
  std::optional<Instant> end = finish_by(definition, slot);
  if (definition.options.expires) {
    const Instant expiry = slot + *definition.options.expires;
    end = end ? std::min(*end, expiry) : expiry;
  }
  return end;
}

std::optional<Instant> finish_by(const TaskDefinition& definition, Instant slot) {
  if (!definition.deadline) return std::nullopt;
  return slot + *definition.deadline;
}

NotifyOn notify_on(const TaskDefinition& definition) {
  if (definition.notify_on) return *definition.notify_on;
  return definition.action.kind == ActionKind::message ? NotifyOn::always : NotifyOn::failure;
}

Instant jittered(const TaskDefinition& definition, TaskId task, Instant slot) {
  if (!definition.options.jitter || definition.options.jitter->count() == 0) return slot;
  const auto seed =
      static_cast<std::uint64_t>(task.number()) ^ mixed(static_cast<std::uint64_t>(slot.time_since_epoch().count()));
  return slot + Duration{static_cast<std::int64_t>(mixed(seed) %
                                                   static_cast<std::uint64_t>(definition.options.jitter->count()))};
}

std::string describe_action(const Action& action) {
  switch (action.kind) {
    case ActionKind::tool:
      return "tool " + action.tool;
    case ActionKind::message:
      return "message \"" + action.message + "\"";
    case ActionKind::steps:
      if (action.use) return "pipeline " + to_text(*action.use);
      if (action.prompt) return "prompt for " + who_answers(*action.prompt);
      return std::to_string(action.steps.size()) + (action.steps.size() == 1 ? " step" : " steps");
  }
  return {};
}

}  // namespace carillon
