// tools/list and tools/call, and what they share with other methods that may ask for input: rounds, state, questions.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "transport/server_core.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kRoundsMax = 16;

StateBinding binding_of(const Call& call) { return {call.context.principal, call.method, &call.params}; }

std::optional<json> undeclared(const Call& call, const NeedInput& need) {
  for (const auto& [key, request] : need.requests)
    if (auto missing = undeclared(call, request)) return missing;
  return std::nullopt;
}

json input_required(const CallPtr& call, const NeedInput& need) {
  json result{{"resultType", "input_required"}};
  for (const auto& [key, request] : need.requests)
    result["inputRequests"][key] = {{"method", request.method}, {"params", request.params}};
  if (!need.state.is_null() || need.requests.empty())
    result["requestState"] = call->core->sealer.seal(need.state, binding_of(*call));
  return result;
}

// The questions of one round to a legacy client, and the answers so far.
struct Questions {
  std::mutex mutex;
  std::size_t open = 0;
  json answers = json::object();
  std::string refusal;
};

void finish_round(const CallPtr& call, const std::shared_ptr<Questions>& questions, const json& state,
                  const std::function<void(const CallPtr&)>& again) {
  if (!questions->refusal.empty()) return fail(call, {rpc_code::kInternal, questions->refusal, nullptr});
  call->context.input = {std::move(questions->answers), state};
  if (call->core->stopped) return fail(call, {rpc_code::kInternal, "the server is stopping", nullptr});
  const auto run = [call, again] { run_guarded(call, [&] { again(call); }); };
  if (!call->core->executor.run(run)) fail(call, {rpc_code::kInternal, "the server is overloaded", nullptr});
}

std::string said_in(const json& error) {
  const auto said = error.find("message");
  return said != error.end() && said->is_string() ? said->get<std::string>() : "it did not say why";
}

void ask_legacy_client(const CallPtr& call, const NeedInput& need, const std::function<void(const CallPtr&)>& again) {
  if (++call->rounds > kRoundsMax)
    return fail(call, {rpc_code::kInternal, "the request asked for input too many times", nullptr});
  if (need.requests.empty()) {
    call->context.input = {json::object(), need.state};
    return again(call);
  }
  const auto questions = std::make_shared<Questions>();
  questions->open = need.requests.size();
  for (const auto& [key, request] : need.requests) {
    const auto take = [call, questions, again, key = key, state = need.state](const json_rpc::Response& response) {
      {
        const std::lock_guard lock{questions->mutex};
        if (response.ok()) {
          questions->answers[key] = response.result;
        } else {
          questions->refusal = "the client did not answer " + key + ": " + said_in(response.error);
        }
        if (--questions->open > 0) return;
      }
      finish_round(call, questions, state, again);
    };
    call->peer->ask(call->exchange, for_revision(request, call->revision), take);
  }
}

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
  if (const auto* need = std::get_if<NeedInput>(&outcome)) return require_input(call, *need, run_call);
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

bool read_input_round(const CallPtr& call) {
  if (!call->modern()) return true;
  if (const auto given = call->params.find("inputResponses"); given != call->params.end()) {
    if (!given->is_object()) {
      fail(call, invalid_params("params.inputResponses is an object"));
      return false;
    }
    call->context.input.responses = *given;
  }
  const auto state = call->params.find("requestState");
  if (state == call->params.end()) return true;
  const auto opened = state->is_string()
                          ? call->core->sealer.open(state->get_ref<const std::string&>(), binding_of(*call))
                          : std::nullopt;
  if (!opened) {
    fail(call, invalid_params("params.requestState is not what was given for this request, or has expired"));
    return false;
  }
  call->context.input.state = *opened;
  return true;
}

void require_input(const CallPtr& call, const NeedInput& need, const std::function<void(const CallPtr&)>& again) {
  if (const auto missing = undeclared(*call, need)) {
    if (call->modern()) return fail(call, missing_capability(*missing));
    return fail(call, invalid_params("this needs a client that declares " + missing->dump()));
  }
  if (call->modern()) return succeed(call, input_required(call, need));
  ask_legacy_client(call, need, again);
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
