#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"
#include "tools/help.h"
#include "tools/resource.h"
#include "tools/status_answers.h"
#include "tools/task_answers.h"

// The tenant as a whole: its status, its agenda; and the guides.

namespace carillon::tools {
namespace {

constexpr std::chrono::hours kGuideFreshFor{24};

Result<Reading> read_status(const ReadCall& call) {
  // Nothing is noted: a host shows this without anybody being told.
  const auto status = status_answer({call.caller, call.ports}, StatusUse::looked);
  if (!status.ok()) return status.error();
  return Reading{.blocks = {json_block(status->structured)}};
}

Result<Reading> read_agenda(const ReadCall& call) {
  const auto planned =
      call.ports.engine.preview(call.caller, {.from = call.at("from"), .to = call.at("to"), .count = kLimitMax});
  if (!planned.ok()) return planned.error();
  return Reading{.blocks = {json_block(answer(*planned).structured), {kCalendar, calendar_text(*planned, "")}}};
}

Result<Reading> read_guide(const ReadCall& call) {
  const Guide* guide = find_guide(call.at("guide"));
  if (guide == nullptr) return Error{ErrorCode::unknown_name, "there is no such guide"};
  return Reading{.blocks = {{kMarkdown, guide->text()}}, .fresh_for = kGuideFreshFor};
}

constexpr Variable kStatusWindow[] = {{"from", suggest_moments}, {"to", suggest_moments}};
constexpr Variable kGuide[] = {{"guide", suggest_guides}};

constexpr Resource kStatusResources[] = {
    {.pattern = "status://now",
     .name = "status",
     .title = "Status",
     .summary = "What get_status tells: time, queue, health, what comes next, what needs attention. Reading it does "
                "not count as asking.",
     .mime_type = kJson,
     .watch = Watch::status,
     .example = "status://now",
     .read = read_status},
    {.pattern = "agenda://{from}/{to}",
     .name = "agenda",
     .title = "Agenda",
     .summary = "Everything planned in a window, at most 100 times, as JSON and as a calendar. Both ends are moments: "
                "2026-11-21, today, friday 17:00.",
     .mime_type = kJson,
     .variables = kStatusWindow,
     .example = "agenda://today/tomorrow%2018%3A00",
     .read = read_agenda},
    {.pattern = "docs://{guide}",
     .name = "guide",
     .title = "Guide",
     .summary = "A short guide, as get_status with help tells it.",
     .mime_type = kMarkdown,
     .variables = kGuide,
     .example = "docs://when",
     .read = read_guide},
};

}  // namespace

std::span<const Resource> status_resources() { return kStatusResources; }

}  // namespace carillon::tools
