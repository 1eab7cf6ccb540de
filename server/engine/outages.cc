#include "server/engine/outages.h"

#include <vector>

#include "server/domain/duration_text.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {
namespace {

std::string slots(std::int64_t n) { return n == 1 ? "1 slot" : std::to_string(n) + " slots"; }

// To the minute; what is less is given in seconds.
std::string say_late(Duration late) {
  const auto whole = std::chrono::floor<std::chrono::minutes>(late);
  if (whole.count() > 0) return to_text(whole) + " late";
  return to_text(std::chrono::floor<std::chrono::seconds>(late)) + " late";
}

std::string say_ran(const OutageTask& task) {
  std::string text = "ran";
  if (task.ran > 1) text += " " + std::to_string(task.ran) + " times, the last";
  if (task.started_at)
    text += " at " + describe_local(std::chrono::floor<std::chrono::minutes>(*task.started_at), task.zone);
  if (task.late) text += (task.ran > 1 ? ", up to " : ", ") + say_late(*task.late);
  return text;
}

}  // namespace

std::string_view why_nobody_watched(std::string_view kind) {
  if (kind == "start") return "Carillon was not running";
  if (kind == "sleep") return "the machine slept";
  if (kind == "stop") return "Carillon was stopped";
  if (kind == "step") return "the machine's clock was set";
  return "Carillon could not work";
}

std::string say_outage(const OutageTask& task) {
  std::vector<std::string> parts;
  if (task.ran > 0) parts.push_back(say_ran(task));
  if (task.missed > 0) parts.push_back(slots(task.missed) + " missed");
  if (task.waiting > 0)
    parts.push_back(slots(task.waiting) + (task.waiting == 1 ? " waits" : " wait") +
                    (task.reason.empty() ? "" : " (" + task.reason + ")"));
  std::string text = task.task;
  const char* before = ": ";
  for (const auto& part : parts) {
    text += before + part;
    before = "; ";
  }
  return text;
}

}  // namespace carillon
