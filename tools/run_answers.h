// What the run tools answer, and how the output of a run is shown: whole while it is short, else an extract.
//
// Output of downstream tools is shown as data, never mixed into sentences of ours. Pure but for has_ended and
// run_answer, which ask the engine; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/engine/queries.h"
#include "server/engine/run_commands.h"
#include "tools/arguments.h"
#include "tools/tool.h"

namespace carillon::tools {

inline constexpr std::size_t kOutputShownMax = 2'000;  // longer ones become an extract
inline constexpr std::size_t kOutputExtract = 600;
inline constexpr std::size_t kOutputDetailedMax = 24'000;  // about 6,000 tokens

struct RunView {
  Format format = Format::concise;
  std::vector<std::string> include{};  // steps, output, input, cost
  std::optional<std::string> step{};
  std::optional<std::string> output_path{};
};

ordered_json run_row(const RunRow& row, Instant now, Format format);
Answer answer(const RunPage& page, Format format);
Answer answer(const RunStarted& started);
Answer answer(const RunsRetried& retried);
Answer answer(const RunCancelled& cancelled);
Answer answer(const RunResponded& responded);
Answer answer(const WorkResponded& responded);
// Errors: unknown_name at /step, arguments_invalid at /output_path.
Result<Answer> answer(const RunDetail& detail, const RunView& view);

// What is to be decided, whole: the digest says that it is exactly this.
ordered_json approval_row(const Approval& approval, const RunDetail& detail);

// The part of an output that a reader wants: a tool's structured result, else its text; what the last step gave.
json main_output(const json& output);
// The last attempt of a step. Errors: unknown_name at /step.
Result<const StepRow*> find_step(const RunDetail& detail, const std::string& name);

bool has_ended(const CallContext& context, RunId run);
// The run as get_run shows it in short: how a call that started it goes on. A run that failed is an error of that call.
Result<Answer> run_answer(const CallContext& context, RunId run, const json& shape);

// How long a call waits for its run: as the caller says, else `otherwise`; a client that takes tasks gets one when a
// moment was not enough.
inline constexpr std::chrono::seconds kMomentBeforeTask{1};
Duration wait_of(const CallContext& context, const json& arguments, std::chrono::seconds otherwise);

}  // namespace carillon::tools
