#include "server/engine/task_definition.h"

#include <algorithm>

#include "server/domain/duration_text.h"
#include "server/domain/moment.h"
#include "server/domain/quiet_rules.h"
#include "server/domain/refusal.h"
#include "server/domain/run_payload.h"
#include "server/engine/subscribers.h"

namespace carillon {

namespace {

// A pipeline with the input that is given, or else with the one that it had.
Action with_input(Action action, const ActionDraft& draft, const std::optional<Action>& base) {
  const bool same = base && base->use && base->use->id == action.use->id;
  action.input = draft.input.value_or(same ? base->input : json::object());
  return action;
}

// A prompt, or the one that was there with another agent; whom no agent is named for the model answers, if there is
// one.
Result<Action> prompt_of(const ActionDraft& draft, const std::optional<Action>& base, const DefineContext& context) {
  const std::optional<PromptUse> before = base ? base->prompt : std::nullopt;
  if (!draft.prompt && !before)
    return invalid("an agent answers a prompt, and the task has none; give it in `prompt`", "/agent", *draft.agent);
  const std::string agent = draft.agent.value_or(before ? before->agent : "");
  json value{{"kind", "prompt"}, {"prompt", draft.prompt ? *draft.prompt : before->text}, {"agent", agent}};
  value["model"] = context.model && agent.empty();
  value["input"] = draft.input.value_or(before ? base->input : json::object());
  return read_action(value, "");
}

// The action that the draft names, or the base's with other arguments.
Result<Action> resolve_action(const ActionDraft& draft, const std::optional<Action>& base,
                              const DefineContext& context) {
  if (context.pipeline) return with_input(*context.pipeline, draft, base);
  if (draft.prompt || draft.agent) return prompt_of(draft, base, context);
  if (draft.tool) {
    const bool same_tool = base && base->kind == ActionKind::tool && base->tool == *draft.tool;
    const json kept = same_tool ? base->arguments : json::object();
    return read_action({{"kind", "tool"}, {"tool", *draft.tool}, {"arguments", draft.arguments.value_or(kept)}}, "");
  }
  if (draft.message) return read_action({{"kind", "message"}, {"message", *draft.message}}, "");
  if (draft.steps) {
    const json kept =
        base && base->kind == ActionKind::steps && !base->use && !base->prompt ? base->input : json::object();
    return read_action({{"kind", "steps"}, {"steps", *draft.steps}, {"input", draft.input.value_or(kept)}}, "");
  }
  if (!base) {
    Error error{ErrorCode::one_action_needed,
                "say what is to be done: give exactly one of tool, message, prompt, steps and pipeline"};
    error.try_instead =
        json::array({{{"message", "Check the build"}}, {{"tool", "server.tool"}, {"arguments", json::object()}}});
    return error;
  }
  Action action = *base;
  if (draft.arguments) {
    if (action.kind != ActionKind::tool) return invalid("the task calls no tool, so it has no arguments", "/arguments");
    action.arguments = *draft.arguments;
  }
  if (draft.input) {
    if (action.kind != ActionKind::steps) return invalid("the task has no steps, so it has no input", "/input");
    action.input = *draft.input;
  }
  return action;
}

Result<std::optional<Duration>> resolve_deadline(const TaskDraft& draft, std::optional<Duration> base) {
  if (!draft.deadline) return base;
  if (draft.deadline->empty()) return std::optional<Duration>{};
  auto read = read_duration(*draft.deadline, "/deadline");
  if (!read) return read.error();
  if (read->count() <= 0) return invalid("a deadline is longer than nothing", "/deadline", *draft.deadline);
  return std::optional{*read};
}

Result<std::optional<Dedupe>> resolve_dedupe(const TaskDraft& draft, const std::optional<Dedupe>& base) {
  static constexpr auto kKnown = std::to_array<std::string_view>({"key", "window"});
  if (!draft.dedupe) return base;
  const json& given = *draft.dedupe;
  if (given.empty()) return std::optional<Dedupe>{};
  if (auto error = unknown_member(given, kKnown, "/dedupe")) return *error;
  const json key = given.value("key", json(nullptr));
  if (!key.is_string() || key.get_ref<const std::string&>().empty())
    return invalid("a dedupe key is a text that is not empty", "/dedupe/key", key);
  if (auto error = unfit_text(key.get_ref<const std::string&>(), 500, "/dedupe/key")) return *error;
  const json window = given.value("window", json(nullptr));
  if (!window.is_string()) return invalid("give the window as a duration such as \"10m\"", "/dedupe/window", window);
  auto read = read_duration(window.get_ref<const std::string&>(), "/dedupe/window");
  if (!read) return read.error();
  if (read->count() <= 0) return std::optional<Dedupe>{};
  return std::optional{Dedupe{key.get<std::string>(), *read}};
}

Result<TaskOptions> resolve_options(const TaskDraft& draft, const TaskOptions& base) {
  json merged = to_json(base);
  for (const auto& [name, value] : draft.options.items()) {
    if (value.is_null() || value == "")
      merged.erase(name);
    else
      merged[name] = value;
  }
  return read_options(merged, "/options");
}

Result<Schedule> parse_schedule(const TaskDraft& draft, const std::string& when, const WhenContext& context) {
  if (draft.schedule_kind) return parse_long_form(*draft.schedule_kind, draft.schedule_expr.value_or(""), context);
  return parse_when(when, context);
}

// The bounds of options, put into the schedule, and whether anything is left between them.
Status bound(Schedule& schedule, const TaskOptions& options, const DefineContext& context) {
  const auto read = [&](const std::string& text, const char* pointer) {
    return read_moment(text, {.now = context.now, .zone = schedule.zone, .pointer = pointer});
  };
  if (options.start) {
    auto start = read(*options.start, "/options/start");
    if (!start) return start.error();
    schedule.start = *start;
  }
  if (options.until) {
    auto until = read(*options.until, "/options/until");
    if (!until) return until.error();
    if (*until <= context.now) {
      Error error{ErrorCode::when_in_past, "the end of the schedule has passed", "/options/until", *options.until};
      error.details["now"] = describe_local(context.now, schedule.zone);
      return error;
    }
    schedule.until = *until;
  }
  if (!options.start && !options.until) return Done{};
  if (is_open_ended(schedule)) return Done{};
  if (next_slot(schedule, context.now - Duration{1})) return Done{};
  return Error{ErrorCode::never_fires, "no slot lies between start and until",
               options.until ? "/options/until" : "/options/start"};
}

// What the resolved schedule depends on beside the clock.
bool same_rhythm(const TaskDefinition& base, const TaskDraft& draft, const TaskOptions& options,
                 const std::string& zone) {
  if (draft.schedule_kind) {
    const std::string said = *draft.schedule_kind + " " + draft.schedule_expr.value_or("");
    if (said != base.when) return false;
  } else if (draft.when && *draft.when != base.when) {
    return false;
  }
  return zone == base.schedule.zone && options.start == base.options.start && options.until == base.options.until &&
         options.dst_gap == base.options.dst_gap && options.dst_overlap == base.options.dst_overlap;
}

Result<Schedule> resolve_schedule(const TaskDraft& draft, const TaskDefinition* base, const TaskOptions& options,
                                  const DefineContext& context) {
  const bool names_zone = draft.timezone && !draft.timezone->empty();
  const std::string zone = names_zone                           ? *draft.timezone
                           : base != nullptr && !draft.timezone ? base->schedule.zone
                                                                : context.zone;
  if (base != nullptr && same_rhythm(*base, draft, options, zone)) return base->schedule;
  if (names_zone)
    if (const auto known = find_zone(zone, "/timezone"); !known) return known.error();
  const WhenContext when{.now = context.now, .zone = zone, .gap = options.dst_gap, .overlap = options.dst_overlap};
  TaskDraft text = draft;
  // A rhythm that was typed as kind and expression is read again the same way.
  if (!draft.when && !draft.schedule_kind && base != nullptr) text.when = base->when;
  auto schedule = parse_schedule(text, text.when.value_or(""), when);
  if (!schedule) return schedule.error();
  if (auto bounded = bound(*schedule, options, context); !bounded) return bounded.error();
  return schedule;
}

// Options that say something about slots of the clock, which this schedule has none of.
Status check_options_fit(const TaskOptions& options, const Schedule& schedule) {
  if (options.calendars && delay_after_run(schedule))
    return invalid(
        "the days of a calendar cannot be left out of a delay that counts from the ends of runs; say it by the "
        "clock, such as \"every 15m\"",
        "/options/calendars");
  const bool by_clock = std::any_of(schedule.triggers.begin(), schedule.triggers.end(), [](const Trigger& trigger) {
    return trigger.source() == TriggerSource::clock || trigger.source() == TriggerSource::task_slot ||
           trigger.source() == TriggerSource::hand;
  });
  if (options.max_catch_up && !by_clock)
    return invalid("max_catch_up counts slots of the clock; what something else sets off is bounded by grace",
                   "/options/max_catch_up", *options.max_catch_up);
  return Done{};
}

// The input of a pipeline as far as it is known: more comes from a webhook, and by hand all of it may.
Status check_input_fits(const Action& action, const Schedule& schedule) {
  const bool by_hand = std::all_of(schedule.triggers.begin(), schedule.triggers.end(),
                                   [](const Trigger& each) { return each.source() == TriggerSource::hand; });
  if (waits_for_webhook(schedule) || (by_hand && action.input.empty())) return Done{};
  if (const auto fits = with_checked_input(action); !fits) return fits.error();
  return Done{};
}

Result<TaskDefinition> resolve(const TaskDraft& draft, const TaskDefinition* base, const DefineContext& context) {
  TaskDefinition definition = base != nullptr ? *base : TaskDefinition{};
  auto action = resolve_action(draft.action, base != nullptr ? std::optional{base->action} : std::nullopt, context);
  if (!action) return action.error();
  auto options = resolve_options(draft, definition.options);
  if (!options) return options.error();
  auto deadline = resolve_deadline(draft, definition.deadline);
  if (!deadline) return deadline.error();
  auto dedupe = resolve_dedupe(draft, definition.dedupe);
  if (!dedupe) return dedupe.error();
  auto schedule = resolve_schedule(draft, base, *options, context);
  if (!schedule) return schedule.error();

  if (auto fit = check_options_fit(*options, *schedule); !fit) return fit.error();
  if (auto fit = check_input_fits(*action, *schedule); !fit) return fit.error();
  if (options->quiet_hours)
    if (auto fit = check_quiet_hours(*options->quiet_hours, schedule->zone); !fit) return fit.error();
  if (options->max_parallel && !draft.lock.value_or(definition.lock).empty())
    return invalid("a lock lets one run at a time; give lock or max_parallel, not both", "/options/max_parallel",
                   *options->max_parallel);

  definition.action = std::move(*action);
  definition.options = std::move(*options);
  definition.deadline = *deadline;
  definition.dedupe = *dedupe;
  if (draft.description) definition.description = *draft.description;
  if (draft.tags) definition.tags = *draft.tags;
  if (draft.priority) definition.priority = *draft.priority;
  if (draft.lock) definition.lock = *draft.lock;
  if (draft.notify) definition.notify = *draft.notify;
  if (draft.notify_on) definition.notify_on = notify_on_named(*draft.notify_on);  // "" clears
  if (draft.schedule_kind)
    definition.when = *draft.schedule_kind + " " + draft.schedule_expr.value_or("");
  else if (draft.when)
    definition.when = *draft.when;
  definition.schedule = std::move(*schedule);
  return definition;
}

}  // namespace

Result<TaskDefinition> define(const TaskDraft& draft, const DefineContext& context) {
  if (!draft.when && !draft.schedule_kind) {
    Error error = invalid("say when: a time, a rhythm or \"manual\"", "/when");
    error.try_instead = json::array({"in 20m", "every day at 07:30", "manual"});
    return error;
  }
  return resolve(draft, nullptr, context);
}

Result<TaskDefinition> redefine(const TaskDefinition& base, const TaskDraft& changes, const DefineContext& context) {
  if (changes.when && changes.when->empty())
    return invalid("a task needs a `when`; \"manual\" runs only when asked", "/when", "");
  return resolve(changes, &base, context);
}

Status check_task_name(std::string_view name, std::string_view pointer) {
  constexpr std::size_t kNameBytesMax = 200;
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > kNameBytesMax)
    return invalid("a name has 1 to 200 characters", std::string(pointer), std::string(name.substr(0, kNameBytesMax)));
  if (name.front() == ' ' || name.back() == ' ')
    return invalid("a name neither begins nor ends with a space", std::string(pointer), std::string(name));
  if (name.find('#') != std::string_view::npos)
    return invalid("a name has no #, which separates a task from the number of its run", std::string(pointer),
                   std::string(name));
  if (std::any_of(name.begin(), name.end(), is_control))
    return invalid("a name has no control characters", std::string(pointer));
  if (name == kCallTask)
    return invalid("call is the name of the task to which the runs of call_tool belong", std::string(pointer),
                   std::string(name));
  return Done{};
}

}  // namespace carillon
