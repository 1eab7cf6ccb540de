#include <algorithm>

#include "server/engine/engine.h"
#include "tools/resource.h"
#include "tools/run_answers.h"
#include "tools/run_log.h"

// Runs: their record, their log, and their outputs, which stay out of a chat when they are large.

namespace carillon::tools {
namespace {

constexpr std::chrono::hours kEndedFreshFor{1};

// What has ended is kept as it is until it is pruned.
std::chrono::milliseconds fresh_for(const RunDetail& detail) {
  return is_final(detail.row.state) ? std::chrono::milliseconds{kEndedFreshFor} : std::chrono::milliseconds{0};
}

Result<RunDetail> detail_of(const ReadCall& call) {
  return call.ports.engine.get_run(call.caller, {.run = call.at("id")});
}

Result<Reading> read_run(const ReadCall& call) {
  const auto detail = detail_of(call);
  if (!detail.ok()) return detail.error();
  const auto told = answer(*detail, RunView{.format = Format::detailed, .include = {"steps", "input"}});
  if (!told.ok()) return told.error();
  // A later retry of it is told, so not even an ended one stays fresh.
  return Reading{.blocks = {json_block(told->structured)}};
}

Result<Reading> read_log(const ReadCall& call) {
  const auto detail = detail_of(call);
  if (!detail.ok()) return detail.error();
  return Reading{.blocks = {{kPlainText, run_log(*detail)}}, .fresh_for = fresh_for(*detail)};
}

Result<Reading> read_input(const ReadCall& call) {
  const auto detail = detail_of(call);
  if (!detail.ok()) return detail.error();
  if (detail->input.is_null()) return Error{ErrorCode::unknown_name, "the run was given no input of its own"};
  return Reading{.blocks = {json_block(detail->input)}, .fresh_for = fresh_for(*detail)};
}

// Text as text, everything else as JSON.
Result<Reading> output_reading(const RunDetail& detail, const json& output) {
  if (output.is_null()) {
    const bool gone = detail.output_bytes > 0;
    return Error{ErrorCode::unknown_name, gone                         ? "this output is not kept any more"
                                          : is_final(detail.row.state) ? "there is no output"
                                                                       : "there is no output yet"};
  }
  const json shown = main_output(output);
  const ReadBlock block = shown.is_string() ? ReadBlock{kPlainText, shown.get<std::string>()} : json_block(shown);
  return Reading{.blocks = {block}, .fresh_for = fresh_for(detail)};
}

Result<Reading> read_output(const ReadCall& call) {
  const auto detail = detail_of(call);
  if (!detail.ok()) return detail.error();
  return output_reading(*detail, detail->output);
}

Result<Reading> read_step_output(const ReadCall& call) {
  const auto detail = detail_of(call);
  if (!detail.ok()) return detail.error();
  const auto step = find_step(*detail, call.at("step"));
  if (!step.ok()) return step.error();
  return output_reading(*detail, (*step)->output);
}

Result<Reading> read_approval_asked(const ReadCall& call) {
  const auto detail = call.ports.engine.get_run(call.caller, {.run = call.at("run")});
  if (!detail.ok()) return detail.error();
  for (const Approval& approval : detail->approvals) {
    if (approval.key.path != call.at("step")) continue;
    ordered_json facts{{"run", detail->row.run}, {"status", name_of(detail->row.state)}};
    facts.update(approval_row(approval, *detail));
    return Reading{.blocks = {json_block(facts)}};
  }
  return Error{ErrorCode::unknown_name, "the run waits for no approval at this step"};
}

constexpr Variable kRun[] = {{"id", suggest_runs}};
constexpr Variable kRunAndStep[] = {{"id", suggest_runs}, {"step", suggest_steps}};

constexpr Variable kRunAndAskingStep[] = {{"run", suggest_runs}, {"step", suggest_steps}};

constexpr std::string_view kRunPattern = "run://{id}";
constexpr std::string_view kLogPattern = "run://{id}/log";
constexpr std::string_view kInputPattern = "run://{id}/input";
constexpr std::string_view kOutputPattern = "run://{id}/output";
constexpr std::string_view kStepOutputPattern = "run://{id}/steps/{step}/output";

constexpr Resource kRunResources[] = {
    {.pattern = kRunPattern,
     .name = "run",
     .title = "Run",
     .summary = "The record of a run by handle or id: status, times, steps, diagnosis, and its output while it is not "
                "too large.",
     .mime_type = kJson,
     .variables = kRun,
     .watch = Watch::run,
     .example = "run://morning-brief%23142",
     .read = read_run},
    {.pattern = kLogPattern,
     .name = "run_log",
     .title = "Log of a run",
     .summary = "What happened to a run, in the order of time.",
     .mime_type = kPlainText,
     .variables = kRun,
     .watch = Watch::run,
     .example = "run://morning-brief%23142/log",
     .read = read_log},
    {.pattern = kInputPattern,
     .name = "run_input",
     .title = "Input of a run",
     .summary = "What the run was given instead of its task's own input, whole.",
     .mime_type = kJson,
     .variables = kRun,
     .example = "run://morning-brief%23142/input",
     .read = read_input},
    {.pattern = kOutputPattern,
     .name = "run_output",
     .title = "Output of a run",
     .summary = "The whole output of a run: its structured result, else its text; of steps what the last one gave.",
     .mime_type = kJson,
     .variables = kRun,
     .watch = Watch::run,
     .example = "run://morning-brief%23142/output",
     .read = read_output},
    {.pattern = kStepOutputPattern,
     .name = "step_output",
     .title = "Output of a step",
     .summary = "The whole output of one step of a run.",
     .mime_type = kJson,
     .variables = kRunAndStep,
     .watch = Watch::run,
     .example = "run://morning-brief%23142/steps/fetch/output",
     .read = read_step_output},
    {.pattern = "approval://{run}/{step}",
     .name = "approval",
     .title = "Approval",
     .summary =
         "What a waiting run asks to be approved: the message, the exact arguments and their digest, who decides "
         "until when.",
     .mime_type = kJson,
     .variables = kRunAndAskingStep,
     .watch = Watch::run,
     .example = "approval://deploy%234/ask",
     .read = read_approval_asked},
};

}  // namespace

std::span<const Resource> run_resources() { return kRunResources; }

std::string run_uri(std::string_view run) { return fill_uri(kRunPattern, {run}); }
std::string run_input_uri(std::string_view run) { return fill_uri(kInputPattern, {run}); }
std::string run_log_uri(std::string_view run) { return fill_uri(kLogPattern, {run}); }
std::string run_output_uri(std::string_view run) { return fill_uri(kOutputPattern, {run}); }
std::string step_output_uri(std::string_view run, std::string_view step) {
  return fill_uri(kStepOutputPattern, {run, step});
}

}  // namespace carillon::tools
