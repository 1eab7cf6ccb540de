#include "server/engine/served_sources.h"

#include <array>

namespace carillon {
namespace {

struct Source {
  TriggerSource source;
  enum class Served { yes, no } served;
  std::string_view meaning;  // what cannot start a task, for the refusal
};
constexpr auto kSources = std::to_array<Source>({
    {TriggerSource::clock, Source::Served::yes, "times"},
    {TriggerSource::hand, Source::Served::yes, "run_now"},
    {TriggerSource::run_end, Source::Served::yes, "the end of its own runs (\"after each run\")"},
    {TriggerSource::task_slot, Source::Served::yes, "another task's times (\"before task ...\")"},
    {TriggerSource::event, Source::Served::yes, "events (\"on event ...\")"},
    {TriggerSource::webhook, Source::Served::no, "webhooks (\"on webhook\")"},
    {TriggerSource::condition, Source::Served::yes, "conditions (\"when ... changes\")"},
    {TriggerSource::chain, Source::Served::yes, "another task's runs (\"after ... succeeds\")"},
});

const Source& row_of(TriggerSource source) { return kSources.at(static_cast<std::size_t>(source)); }

std::string refusal_of(const Trigger& trigger) {
  return "nothing in this server starts tasks by " + std::string(row_of(trigger.source()).meaning) +
         "; a task starts at a time, on a rhythm, around the runs of tasks, on an event, when a tool's result says so, "
         "or by hand";
}

}  // namespace

bool is_served(TriggerSource source) { return row_of(source).served == Source::Served::yes; }

Status check_served(const Schedule& schedule) {
  for (const auto& trigger : schedule.triggers) {
    if (is_served(trigger.source())) continue;
    Error error{ErrorCode::arguments_invalid, refusal_of(trigger), "/when", schedule.text};
    error.try_instead = {"in 20m",
                         "every 15m",
                         "weekdays at 09:00",
                         "after nightly-etl succeeds",
                         "on event deploy.finished",
                         "when weather.current changes, every 5m",
                         "manual"};
    return error;
  }
  return Done{};
}

std::vector<std::string> served_warnings(const Schedule& schedule) {
  for (const auto& trigger : schedule.triggers)
    if (!is_served(trigger.source())) return {refusal_of(trigger)};
  return {};
}

}  // namespace carillon
