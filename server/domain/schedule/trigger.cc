#include "server/domain/schedule/trigger.h"

#include <algorithm>
#include <array>

namespace carillon {
namespace {

constexpr std::array<std::string_view, 10> kKinds{"once",  "interval", "calendar",  "cron",  "rrule",
                                                  "event", "webhook",  "condition", "chain", "manual"};
constexpr std::array<std::string_view, 8> kSources{"clock", "hand",    "run_end",   "task_slot",
                                                   "event", "webhook", "condition", "chain"};
constexpr std::array<std::string_view, 3> kGaps{"shift", "earliest_after", "skip"};
constexpr std::array<std::string_view, 3> kOverlaps{"first", "second", "both"};
constexpr std::array<std::string_view, 3> kEnds{"succeeds", "fails", "finishes"};

template <class Enum, std::size_t N>
std::optional<Enum> named_in(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

// One row for each alternative of Trigger::body, in their order.
struct Form {
  ScheduleKind kind;
  TriggerSource source;
};
constexpr std::array<Form, 11> kForms{{
    {ScheduleKind::manual, TriggerSource::hand},          // ManualTrigger
    {ScheduleKind::once, TriggerSource::clock},           // OnceTrigger
    {ScheduleKind::interval, TriggerSource::clock},       // IntervalTrigger
    {ScheduleKind::interval, TriggerSource::run_end},     // DelayTrigger
    {ScheduleKind::calendar, TriggerSource::clock},       // RuleTrigger, when it was said as a phrase
    {ScheduleKind::cron, TriggerSource::clock},           // CronTrigger
    {ScheduleKind::once, TriggerSource::clock},           // ReminderTrigger, when its moment is known
    {ScheduleKind::event, TriggerSource::event},          // EventTrigger
    {ScheduleKind::webhook, TriggerSource::webhook},      // WebhookTrigger
    {ScheduleKind::chain, TriggerSource::chain},          // ChainTrigger
    {ScheduleKind::condition, TriggerSource::condition},  // ConditionTrigger
}};
static_assert(std::variant_size_v<decltype(Trigger::body)> == kForms.size());

bool of_a_task(const decltype(Trigger::body)& body) {
  const auto* reminder = std::get_if<ReminderTrigger>(&body);
  return reminder != nullptr && !reminder->task.empty();
}

}  // namespace

std::string_view name_of(ScheduleKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }
std::string_view name_of(TriggerSource source) { return kSources.at(static_cast<std::size_t>(source)); }
std::string_view name_of(DstGap gap) { return kGaps.at(static_cast<std::size_t>(gap)); }
std::string_view name_of(DstOverlap overlap) { return kOverlaps.at(static_cast<std::size_t>(overlap)); }
std::string_view name_of(ChainTrigger::On on) { return kEnds.at(static_cast<std::size_t>(on)); }

std::optional<ScheduleKind> schedule_kind_named(std::string_view name) { return named_in<ScheduleKind>(kKinds, name); }
std::optional<DstGap> dst_gap_named(std::string_view name) { return named_in<DstGap>(kGaps, name); }
std::optional<DstOverlap> dst_overlap_named(std::string_view name) { return named_in<DstOverlap>(kOverlaps, name); }

ScheduleKind Trigger::kind() const {
  if (const auto* rule = std::get_if<RuleTrigger>(&body)) return rule->said_as;
  if (of_a_task(body)) return ScheduleKind::chain;
  return kForms.at(body.index()).kind;
}

TriggerSource Trigger::source() const {
  return of_a_task(body) ? TriggerSource::task_slot : kForms.at(body.index()).source;
}

}  // namespace carillon
