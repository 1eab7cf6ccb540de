#include "server/engine/sensitive_run.h"

#include <map>
#include <set>

#include "server/base/mask.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/run_handle.h"
#include "server/domain/sensitive_values.h"
#include "server/domain/template.h"
#include "server/engine/step_replay.h"
#include "server/store/step_store.h"

namespace carillon {
namespace {

using pipeline::Step;

// A step that calls, and what of it is sensitive.
struct SensitiveCall {
  pipeline::StepCall call;
  Pointers pointers;
};
using Calls = std::map<std::string, SensitiveCall>;  // by the step's id, with "!undo" behind it for an undo

// "post" of "each[3].post", "pay!undo" of "order.pay!undo".
std::string id_of(const std::string& path) {
  std::string id = path.substr(path.rfind('.') == std::string::npos ? 0 : path.rfind('.') + 1);
  return id.substr(0, id.find('['));
}

Pointers of_tool(const SensitiveSource& source, const std::string& tool) {
  return source.of_tool ? source.of_tool(tool) : Pointers{};
}

void add_call(Calls& calls, const std::string& id, const Step& step, const SensitiveSource& source) {
  auto call = pipeline::call_of(step);
  if (!call) return;
  Pointers pointers = step.sensitive;
  for (std::string& each : of_tool(source, call->tool)) pointers.push_back(std::move(each));
  if (!pointers.empty()) calls.emplace(id, SensitiveCall{*std::move(call), std::move(pointers)});
}

void add_calls(Calls& calls, const std::vector<Step>& steps, const SensitiveSource& source) {
  for (const Step& step : steps) {
    add_call(calls, step.id, step, source);
    for (const auto& branch : step.branches) add_calls(calls, branch.steps, source);
    for (const Step& undo : step.undo) add_call(calls, step.id + "!undo", undo, source);
  }
}

json value_of(const JournalEntry& entry) {
  json value = json::parse(entry.output.value_or("null"), nullptr, false);
  return value.is_discarded() ? json() : value;
}

// What the call was given, as far as its templates can be filled in now.
void take_arguments(const SensitiveCall& call, const json& roots, const std::string& zone, SensitiveValues& values) {
  for (const std::string& text : call.pointers) {
    const json::json_pointer pointer{text};
    if (!call.call.arguments.contains(pointer)) continue;
    if (const auto given = render_template(call.call.arguments.at(pointer), roots, {.zone = zone}))
      values.take(*given, {""});
  }
}

// What was cut has no places any more that a pointer could lead to.
bool is_cut(const json& output) { return output.is_object() && output.value("cut", json()) == true; }

json nothing_of(json output) {
  output["text"] = kMasked;
  return output;
}

// A step's value, masked at the pointers.
json without_in_value(json value, const Pointers& pointers) {
  return is_cut(value) ? nothing_of(std::move(value)) : without(std::move(value), pointers);
}

// A call's own output, {"content", "structured", "text"}, is masked at its pointers in both forms in which it stands.
json without_in_reply(json output, const Pointers& pointers) {
  if (is_cut(output)) return nothing_of(std::move(output));
  if (!output.is_object() || !output.contains("content")) return without(std::move(output), pointers);
  if (output.contains("structured")) output["structured"] = without(output["structured"], pointers);
  const json read = json::parse(output.value("text", ""), nullptr, false);
  if (!read.is_structured()) return output;
  output["text"] = without(read, pointers).dump(-1, ' ', false, json::error_handler_t::replace);
  output["content"] = json::array({{{"type", "text"}, {"text", output["text"]}}});
  return output;
}

SensitiveValues values_of_steps(const SensitiveSource& source, const Calls& calls) {
  SensitiveValues values;
  const auto journal = StepStore{source.tx}.journal(source.tenant, source.run.id);
  for (const JournalEntry& entry : journal)
    if (const auto call = calls.find(id_of(entry.step_path)); call != calls.end())
      values.take(value_of(entry), call->second.pointers);
  const StepsRun what{.id = source.run.id,
                      .handle = {source.run.task_name, source.run.number, source.run.retry},
                      .slot = source.run.slot,
                      .action = source.action,
                      .event = source.event,
                      .zone = source.zone,
                      .started_at = source.run.started_at.value_or(source.run.run_at)};
  const FoldedRun folded = fold_run(*source.action.pipeline, what, journal);
  for (const auto& [path, state] : folded.planner.states())
    if (const auto call = calls.find(id_of(path)); call != calls.end())
      take_arguments(call->second, folded.planner.roots_of(path), source.zone, values);
  return values;
}

// Of a run that is one call.
SensitiveValues values_of_call(const SensitiveCall& call, const json& output) {
  SensitiveValues values;
  values.take(call.call.arguments, call.pointers);
  if (!output.is_object()) return values;
  values.take(output.value("structured", json()), call.pointers);
  values.take(json::parse(output.value("text", ""), nullptr, false), call.pointers);
  return values;
}

// Everything that somebody may be shown, but for what stands in the definition, which whoever wrote it has to read.
void mask_all(const SensitiveValues& values, RunDetail& detail) {
  const auto text = [&](std::string& each) { each = values.masked(std::move(each)); };
  for (json* each : {&detail.action, &detail.input, &detail.event, &detail.output, &detail.progress})
    *each = values.masked(*each);
  for (std::string* each : {&detail.row.error_message, &detail.row.reason, &detail.row.asks}) text(*each);
  for (StepRow& step : detail.steps) {
    step.output = values.masked(step.output);
    text(step.error_message);
    text(step.waits_for);
  }
  for (std::string& reason : detail.waits_for) text(reason);
  for (Approval& approval : detail.approvals) {
    text(approval.message);
    approval.arguments = values.masked(approval.arguments);
  }
  for (OpenQuestion& question : detail.questions) question.params = values.masked(question.params);
}

}  // namespace

void mask_sensitive(const SensitiveSource& source, RunDetail& detail) {
  Calls calls;
  const Action& action = source.action;
  if (action.kind == ActionKind::tool) {
    Pointers pointers = of_tool(source, action.tool);
    if (pointers.empty()) return;
    const SensitiveCall call{
        {.tool = action.tool, .arguments = action.arguments, .tool_pointer = "", .arguments_pointer = ""},
        std::move(pointers)};
    const SensitiveValues values = values_of_call(call, detail.output);
    detail.output = without_in_reply(std::move(detail.output), call.pointers);
    return mask_all(values, detail);
  }
  if (action.kind != ActionKind::steps) return;
  add_calls(calls, action.pipeline->steps, source);
  if (calls.empty()) return;
  const SensitiveValues values = values_of_steps(source, calls);
  for (StepRow& step : detail.steps)
    if (const auto call = calls.find(id_of(step.step)); call != calls.end())
      step.output = without_in_value(std::move(step.output), call->second.pointers);
  if (is_cut(detail.output)) detail.output = nothing_of(std::move(detail.output));
  mask_all(values, detail);
}

}  // namespace carillon
