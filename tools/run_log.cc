#include "tools/run_log.h"

#include <algorithm>
#include <vector>

#include "server/domain/schedule/misfire.h"
#include "server/domain/schedule/schedule.h"
#include "tools/render.h"

namespace carillon::tools {
namespace {

constexpr std::size_t kQuotedMax = 8'000;

struct Line {
  Instant at;
  std::string text;
};

std::string quoted(const std::string& text) {
  const Extract part = extract(text, kQuotedMax);
  return json(part.whole ? part.text : part.text + "…").dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string with_error(std::string text, const std::string& error_class, const std::string& message) {
  if (!error_class.empty()) text += ": " + error_class;
  if (!message.empty()) text += " " + quoted(message);
  return text;
}

std::string ending_of(const RunDetail& detail) {
  const RunRow& row = detail.row;
  std::string text = with_error(std::string(name_of(row.state)), row.error_class, row.error_message);
  if (!row.reason.empty()) text += "; " + row.reason;
  if (row.folded > 0) text += "; stands for " + std::to_string(row.folded) + " further slots";
  if (detail.output_bytes > 0) text += "; output of " + std::to_string(detail.output_bytes) + " bytes";
  return text;
}

std::string name_of_attempt(const StepRow& step) {
  std::string name = "step " + step.step;
  if (step.attempt > 1) name += " (attempt " + std::to_string(step.attempt) + ")";
  return name;
}

void add_step(std::vector<Line>& lines, const StepRow& step, const std::string& zone) {
  lines.push_back({step.started_at, name_of_attempt(step) + " began" + (step.tool.empty() ? "" : ": " + step.tool)});
  if (!step.finished_at) return;
  std::string text = with_error(name_of_attempt(step) + " " + step.state, step.error_class, step.error_message);
  if (step.not_before) text += "; not again before " + describe_local(*step.not_before, zone);
  lines.push_back({*step.finished_at, std::move(text)});
}

std::string beginning_of(const RunDetail& detail) {
  const RunRow& row = detail.row;
  std::string text = "began, attempt " + std::to_string(row.attempt);
  if (row.late_by && *row.late_by > kOnTime) text += ", " + say_duration(*row.late_by) + " late";
  if (detail.takeovers > 0) text += "; its worker was lost " + std::to_string(detail.takeovers) + " times before";
  return text;
}

}  // namespace

std::string run_log(const RunDetail& detail) {
  const RunRow& row = detail.row;
  std::vector<Line> lines;
  lines.push_back({row.slot.value_or(row.run_at),
                   std::string(row.slot ? "due" : "asked for") + " (" + row.origin + "), for " + row.agent});
  if (row.started_at) lines.push_back({*row.started_at, beginning_of(detail)});
  for (const auto& step : detail.steps) add_step(lines, step, row.zone);
  if (row.finished_at) lines.push_back({*row.finished_at, ending_of(detail)});
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.at < b.at; });
  std::string log;
  for (const auto& line : lines) log += to_rfc3339_in(line.at, row.zone) + " " + row.run + " " + line.text + "\n";
  if (row.cancel_requested)
    log += row.run + " was asked to stop" + (detail.cancel_reason.empty() ? "" : ": " + detail.cancel_reason) + "\n";
  for (const auto& reason : detail.waits_for) log += row.run + " waits: " + reason + "\n";
  return log;
}

}  // namespace carillon::tools
