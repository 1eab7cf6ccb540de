#include "server/domain/question.h"
#include "server/domain/refusal.h"
#include "server/engine/engine.h"
#include "server/engine/reusing_steps.h"
#include "tools/arguments.h"
#include "tools/paging.h"
#include "tools/run_answers.h"
#include "tools/schemas.h"
#include "tools/tool.h"

namespace carillon::tools {
namespace {

using std::chrono::seconds;

// The handle at once, or the run's end for whoever waits for it.
ToolOutcome started(const Result<RunStarted>& result, Duration wait) {
  if (!result.ok()) return result.error();
  if (wait.count() == 0 || result->state == "skipped") return answer(*result);
  return Parked{.run = RunId{result->run_id}, .wait = wait};
}

ToolOutcome run_now(CallContext& context, const json& arguments) {
  RunNow command{.key = command_key(arguments),
                 .task = text_of(arguments, "task"),
                 .pipeline = text_of(arguments, "pipeline"),
                 .input = optional_of<json>(arguments, "input"),
                 .reason = text_of(arguments, "reason"),
                 .can_answer = askable_part(context.request.client_capabilities)};
  if (const auto overlap = optional_of<std::string>(arguments, "overlap")) command.overlap = overlap_named(*overlap);
  return started(context.ports.engine.run_now(context.caller, command), wait_of(context, arguments, seconds{0}));
}

RetryDefinition definition_wanted(const json& arguments) {
  return text_of(arguments, "definition") == "latest" ? RetryDefinition::latest : RetryDefinition::original;
}

// Of several runs nobody waits for one, and one input does not fit all.
Error only_for_one(const std::string& argument) {
  return {ErrorCode::arguments_invalid, argument + " is for one run: leave it out, or give `run` without a filter",
          "/" + argument};
}

ToolOutcome retry_failed(CallContext& context, const json& arguments) {
  for (const char* argument : {"run", "input", "wait_seconds"})
    if (arguments.contains(argument)) return only_for_one(argument);
  const RetryFailed command{.key = command_key(arguments),
                            .task = optional_of<std::string>(arguments, "task"),
                            .error_class = optional_of<std::string>(arguments, "error_class"),
                            .since = optional_of<std::string>(arguments, "since"),
                            .from = arguments.value("from", std::string{kFromStart}),
                            .definition = definition_wanted(arguments),
                            .limit = arguments.value("limit", kDefaultLimit)};
  const auto retried = context.ports.engine.retry_failed(context.caller, command);
  if (!retried.ok()) return retried.error();
  return answer(*retried);
}

ToolOutcome retry_run(CallContext& context, const json& arguments) {
  for (const char* filter : {"task", "error_class", "since", "limit"})
    if (arguments.contains(filter)) return retry_failed(context, arguments);
  if (!arguments.contains("run")) return retry_failed(context, arguments);
  const RetryRun command{.key = command_key(arguments),
                         .run = text_of(arguments, "run"),
                         .from = arguments.value("from", std::string{kFromStart}),
                         .input = optional_of<json>(arguments, "input"),
                         .definition = definition_wanted(arguments),
                         .can_answer = askable_part(context.request.client_capabilities)};
  return started(context.ports.engine.retry_run(context.caller, command), wait_of(context, arguments, seconds{0}));
}

ToolOutcome cancel_run(CallContext& context, const json& arguments) {
  const CancelRun command{.key = command_key(arguments),
                          .run = text_of(arguments, "run"),
                          .reason = text_of(arguments, "reason"),
                          .force = flag_of(arguments, "force"),
                          .compensate = flag_of(arguments, "compensate")};
  const auto cancelled = context.ports.engine.cancel_run(context.caller, command);
  if (!cancelled.ok()) return cancelled.error();
  return answer(*cancelled);
}

ToolOutcome respond_to_work(CallContext& context, const json& arguments) {
  const std::string response = text_of(arguments, "response");
  const RespondToWork command{.key = command_key(arguments),
                              .run = text_of(arguments, "run"),
                              .step = text_of(arguments, "step"),
                              .response = response == "claim"    ? WorkResponse::claim
                                          : response == "answer" ? WorkResponse::answer
                                                                 : WorkResponse::release,
                              .answer = arguments.value("answer", json()),
                              .comment = text_of(arguments, "comment")};
  const auto responded = context.ports.engine.respond_to_work(context.caller, command);
  if (!responded.ok()) return responded.error();
  return answer(*responded);
}

ToolOutcome respond_to_run(CallContext& context, const json& arguments) {
  const std::string response = text_of(arguments, "response");
  if (response != "approve" && response != "reject") return respond_to_work(context, arguments);
  if (arguments.contains("answer")) return invalid("an answer belongs to the response \"answer\"", "/answer");
  const RespondToRun command{.key = command_key(arguments),
                             .run = text_of(arguments, "run"),
                             .step = text_of(arguments, "step"),
                             .approves = response == "approve",
                             .comment = text_of(arguments, "comment")};
  const auto responded = context.ports.engine.respond_to_run(context.caller, command);
  if (!responded.ok()) return responded.error();
  return answer(*responded);
}

ToolOutcome list_runs(CallContext& context, const json& arguments) {
  ListRuns query{.task = optional_of<std::string>(arguments, "task"),
                 .pipeline = optional_of<std::string>(arguments, "pipeline"),
                 .tag = optional_of<std::string>(arguments, "tag"),
                 .agent = optional_of<std::string>(arguments, "agent"),
                 .error_class = optional_of<std::string>(arguments, "error_class"),
                 .waiting_for = optional_of<std::string>(arguments, "waiting_for"),
                 .since = optional_of<std::string>(arguments, "since"),
                 .until = optional_of<std::string>(arguments, "until"),
                 .limit = arguments.value("limit", kDefaultLimit),
                 .cursor = optional_of<std::string>(arguments, "cursor")};
  for (const auto& status : arguments.value("status", std::vector<std::string>{}))
    query.states.push_back(*run_state_named(status));
  const Format format = format_of(arguments);
  return page_that_fits(query, format,
                        [&](const ListRuns& q) { return context.ports.engine.list_runs(context.caller, q); });
}

RunView view_of(const json& arguments) {
  return {.format = format_of(arguments),
          .include = arguments.value("include", std::vector<std::string>{}),
          .step = optional_of<std::string>(arguments, "step"),
          .output_path = optional_of<std::string>(arguments, "output_path")};
}

// `shape` is made of the arguments that say how the run is shown.
Result<Answer> show(const CallContext& context, RunId run, const json& shape) {
  const auto detail = context.ports.engine.get_run(context.caller, {.run = run.str()});
  if (!detail.ok()) return detail.error();
  return answer(*detail, view_of(shape));
}

ToolOutcome get_run(CallContext& context, const json& arguments) {
  const auto detail = context.ports.engine.get_run(context.caller, {.run = text_of(arguments, "run")});
  if (!detail.ok()) return detail.error();
  const seconds wait{arguments.value("wait_seconds", 0)};
  if (wait.count() == 0 || is_final(detail->row.state)) return settled(answer(*detail, view_of(arguments)));
  json shape = arguments;
  for (const char* member : {"run", "wait_seconds"}) shape.erase(member);
  return Parked{.run = RunId{detail->row.run_id}, .wait = wait, .shape = std::move(shape)};
}

const Tool kRunTools[] = {
    {.name = "run_now",
     .title = "Run now",
     .summary = "Start one run of a task or pipeline now. Returns the run handle, or the result when it ends within "
                "wait_seconds.",
     .input_schema = schemas::run_now,
     .output_schema = output_schemas::run_now.text,
     .hints = {.open_world = true},
     .scope = Scope::run,
     .toolset = Toolset::core,
     .example = R"({"task": "morning-brief", "wait_seconds": 30})",
     .call = run_now,
     .resume = run_answer},
    {.name = "list_runs",
     .title = "List runs",
     .summary = "Find runs, newest first, with missed and skipped slots and why. Returns rows, total, next_cursor.",
     .input_schema = schemas::list_runs,
     .output_schema = output_schemas::list_runs.text,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"task": "morning-brief", "status": ["failed"], "since": "today"})",
     .call = list_runs},
    {.name = "get_run",
     .title = "Show a run",
     .summary = "One run: status, times, steps, output; of a failed one a diagnosis and the next call.",
     .input_schema = schemas::get_run,
     .output_schema = output_schemas::get_run.text,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"run": "morning-brief#142", "wait_seconds": 45})",
     .call = get_run,
     .resume = show},
    {.name = "cancel_run",
     .title = "Cancel a run",
     .summary = "Stop a run that has not finished.",
     .input_schema = schemas::cancel_run,
     .hints = {.destroys = true, .idempotent = true},
     .scope = Scope::run,
     .toolset = Toolset::pipelines,
     .example = R"({"run": "morning-brief#142", "reason": "no longer needed"})",
     .call = cancel_run},
    {.name = "retry_run",
     .title = "Retry a run",
     .summary =
         "Run a finished run again, from any step, or those that failed and were not retried. Returns which calls with "
         "outside effects are made again, and what is reused.",
     .input_schema = schemas::retry_run,
     .hints = {.open_world = true},
     .scope = Scope::run,
     .toolset = Toolset::pipelines,
     .example = R"({"run": "morning-brief#142", "from": "failed_step"})",
     .call = retry_run,
     .resume = run_answer},
    {.name = "respond_to_run",
     .title = "Answer a waiting run",
     .summary =
         "Approve or reject what a waiting run asks (get_run shows it), or claim (15 min), answer or release its "
         "work, as one whom its step names.",
     .input_schema = schemas::respond_to_run,
     .hints = {.destroys = true, .idempotent = true, .open_world = true},
     .scope = Scope::approve,
     .toolset = Toolset::pipelines,
     .example = R"({"run": "deploy#4", "response": "approve", "comment": "looks good"})",
     .call = respond_to_run},
};

}  // namespace

std::span<const Tool> run_tools() { return kRunTools; }

}  // namespace carillon::tools
