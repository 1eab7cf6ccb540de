// tools/list and tools/call.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "transport/server_core.h"

namespace carillon::transport {
namespace {

// The Mcp-Param-* headers of a call must say what its arguments say.
std::optional<ProtocolError> check_param_headers(const CallPtr& call, const std::string& tool, const json& arguments) {
  if (!call->over_http) return std::nullopt;
  const auto list = call->core->services.tools->list_tools(call->context);
  for (const auto& param : call->core->listings.header_params_of(list, tool)) {
    const std::string name = "Mcp-Param-" + param.header;
    const auto mismatch = [&](const char* problem) {
      return ProtocolError{rpc_code::kHeaderMismatch, "the header " + name + problem, nullptr};
    };
    const json argument = argument_at(arguments, param);
    const auto header = whole_header(call->param_headers, name);
    if (!header) {
      if (!argument.is_null()) return mismatch(" is missing");
      continue;
    }
    const auto value = from_header_value(*header);
    if (!value) return mismatch(" has forbidden characters or broken base64");
    if (argument.is_null() || !header_matches(param, *value, argument)) return mismatch(" differs from the argument");
  }
  return std::nullopt;
}

void finish_call(const CallPtr& call, ToolOutcome outcome);

void run_call(const CallPtr& call) {
  json arguments = call->params.value("arguments", json::object());
  call->core->services.tools->call_tool(
      call->context, call->params["name"].get<std::string>(), std::move(arguments),
      [call](ToolOutcome outcome) { run_guarded(call, [&] { finish_call(call, std::move(outcome)); }); });
}

void finish_task(const CallPtr& call, const StartedTask& started) {
  call->core->services.tasks->get_task(call->context, started.task_id, [call](std::optional<TaskView> task) {
    if (!task) return fail(call, {rpc_code::kInternal, "the task that was started cannot be read", nullptr});
    if (call->modern()) return succeed_with_task(call, *task);
    succeed_with_core_task(call, *task);
  });
}

void finish_call(const CallPtr& call, ToolOutcome outcome) {
  if (const auto* answer = std::get_if<Answer>(&outcome)) return succeed(call, answer_json(*answer, call->revision));
  if (const auto* error = std::get_if<ProtocolError>(&outcome)) return fail(call, *error);
  if (auto* need = std::get_if<NeedInput>(&outcome)) return require_input(call, std::move(*need), run_call);
  if (call->core->services.tasks == nullptr || !call->context.takes_tasks())
    return fail(call, {rpc_code::kInternal, "a task was started, but nobody keeps or takes one", nullptr});
  finish_task(call, std::get<StartedTask>(outcome));
}

}  // namespace

json content_for(const json& block, Revision revision) {
  const std::string type = block.value("type", "");
  if (type == "audio" && revision < Revision::v2025_03_26)
    return text_block("[audio, " + block.value("mimeType", "") + "]");
  if (type == "resource_link" && revision < Revision::v2025_06_18) return text_block(block.value("uri", ""));
  return block;
}

json answer_json(const Answer& answer, Revision revision) {
  json result{{"content", json::array()}};
  for (const auto& block : answer.content) result["content"].push_back(content_for(block, revision));
  const bool structured_fits =
      is_modern(revision) || (revision >= Revision::v2025_06_18 && answer.structured && answer.structured->is_object());
  if (answer.structured && structured_fits) result["structuredContent"] = *answer.structured;
  if (answer.is_error) result["isError"] = true;
  if (!answer.meta.empty()) result["_meta"] = answer.meta;
  return result;
}

namespace methods {

void list_tools(const CallPtr& call) {
  Cursor cursor;
  if (!read_cursor(call, cursor)) return;
  const auto text =
      call->core->listings.page(call->core->services.tools->list_tools(call->context), call->revision, cursor);
  if (!text) return fail(call, invalid_params("params.cursor is none that this server gave"));
  call->exchange->reply(200, json_rpc::result_text_raw(call->exchange->id(), **text));
}

void call_tool(const CallPtr& call) {
  const std::string* name = need_text(call, "name");
  if (name == nullptr) return;
  const auto arguments = call->params.find("arguments");
  const bool given = arguments != call->params.end() && !arguments->is_null();
  if (given && !arguments->is_object()) return fail(call, invalid_params("params.arguments is an object"));
  if (!given) call->params["arguments"] = json::object();
  if (const auto problem = check_param_headers(call, *name, call->params["arguments"])) return fail(call, *problem);
  if (const auto problem = read_task_wish(call, *name)) return fail(call, *problem);
  if (read_input_round(call)) run_call(call);
}

}  // namespace methods
}  // namespace carillon::transport
