// Resources, prompts and completion, and the small readers of params that methods share.
#include <nlohmann/json.hpp>

#include "transport/server_core.h"
#include "transport/tool_listing.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kCompletionsMax = 100;

bool is_empty(const Contents& contents) { return contents.blocks.empty(); }

void finish_read(const CallPtr& call, ReadOutcome outcome);

void run_read(const CallPtr& call) {
  call->core->services.resources->read_resource(
      call->context, call->params["uri"].get<std::string>(),
      [call](ReadOutcome outcome) { run_guarded(call, [&] { finish_read(call, std::move(outcome)); }); });
}

void finish_read(const CallPtr& call, ReadOutcome outcome) {
  if (const auto* error = std::get_if<ProtocolError>(&outcome)) return fail(call, *error);
  if (auto* need = std::get_if<NeedInput>(&outcome)) return require_input(call, std::move(*need), run_read);
  const auto& contents = std::get<Contents>(outcome);
  if (is_empty(contents)) {
    const int code = call->modern() ? rpc_code::kInvalidParams : rpc_code::kResourceNotFoundLegacy;
    return fail(call, {code, "there is no such resource", json{{"uri", call->params["uri"]}}});
  }
  succeed_cacheable(call, {{"contents", contents.blocks}}, contents.fresh_for);
}

void finish_prompt(const CallPtr& call, PromptOutcome outcome);

std::optional<std::map<std::string, std::string>> texts_of(const json& params, const char* member) {
  std::map<std::string, std::string> texts;
  const auto found = params.find(member);
  if (found == params.end()) return texts;
  if (!found->is_object()) return std::nullopt;
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) return std::nullopt;
    texts.emplace(key, value.get<std::string>());
  }
  return texts;
}

void run_prompt(const CallPtr& call) {
  const auto arguments = texts_of(call->params, "arguments");
  if (!arguments) return fail(call, invalid_params("params.arguments is an object of strings"));
  call->core->services.prompts->get_prompt(
      call->context, call->params["name"].get<std::string>(), *arguments,
      [call](PromptOutcome outcome) { run_guarded(call, [&] { finish_prompt(call, std::move(outcome)); }); });
}

void finish_prompt(const CallPtr& call, PromptOutcome outcome) {
  if (const auto* error = std::get_if<ProtocolError>(&outcome)) return fail(call, *error);
  if (auto* need = std::get_if<NeedInput>(&outcome)) return require_input(call, std::move(*need), run_prompt);
  auto& prompt = std::get<PromptText>(outcome);
  json result{{"messages", json::array()}};
  if (!prompt.description.empty()) result["description"] = prompt.description;
  for (auto& message : prompt.messages) {
    if (message.contains("content")) message["content"] = content_for(message["content"], call->revision);
    result["messages"].push_back(std::move(message));
  }
  succeed(call, std::move(result));
}

std::variant<CompletionRequest, std::string> read_completion(const json& params) {
  CompletionRequest request;
  const json reference = params.value("ref", json::object());
  const json argument = params.value("argument", json::object());
  if (!reference.is_object() || !argument.is_object()) return "params.ref and params.argument are objects";
  const json type = reference.value("type", json());
  if (type != "ref/prompt" && type != "ref/resource") return "params.ref.type is ref/prompt or ref/resource";
  if (type == "ref/resource") request.of = CompletionRequest::Of::resource_template;
  const json named = reference.value(type == "ref/prompt" ? "name" : "uri", json());
  const json name = argument.value("name", json());
  const json value = argument.value("value", json());
  if (!named.is_string() || !name.is_string() || !value.is_string())
    return "params.ref needs its name or uri, params.argument its name and value, all of them strings";
  request.reference = named.get<std::string>();
  request.argument = name.get<std::string>();
  request.value = value.get<std::string>();
  const json context = params.value("context", json::object());
  if (const auto others = texts_of(context.is_object() ? context : json::object(), "arguments"))
    request.others = *others;
  return request;
}

void finish_completion(const CallPtr& call, const CompletionOutcome& outcome) {
  if (const auto* error = std::get_if<ProtocolError>(&outcome)) return fail(call, *error);
  const auto& completion = std::get<Completion>(outcome);
  json values = json::array();
  for (const auto& value : completion.values)
    if (values.size() < kCompletionsMax) values.push_back(value);
  const bool has_more = values.size() < completion.total.value_or(completion.values.size());
  json result{{"completion", {{"values", std::move(values)}, {"hasMore", has_more}}}};
  if (completion.total) result["completion"]["total"] = *completion.total;
  succeed(call, std::move(result));
}

}  // namespace

bool need_session(const CallPtr& call) {
  if (call->peer->kind() != Peer::Kind::stateless) return true;
  fail(call, {rpc_code::kInvalidRequest, "this needs a session: send initialize and name the Mcp-Session-Id it gives",
              nullptr});
  return false;
}

const std::string* need_text(const CallPtr& call, const char* member) {
  const auto found = call->params.find(member);
  if (found != call->params.end() && found->is_string()) return &found->get_ref<const std::string&>();
  fail(call, invalid_params(std::string{"params."} + member + " is missing or not a string"));
  return nullptr;
}

bool read_cursor(const CallPtr& call, Cursor& cursor) {
  const auto found = call->params.find("cursor");
  if (found == call->params.end()) return true;
  if (!found->is_string()) {
    fail(call, invalid_params("params.cursor is a string"));
    return false;
  }
  cursor = found->get<std::string>();
  return true;
}

PageDone page_answer(const CallPtr& call, const char* member) {
  return [call, member](PageOutcome outcome) {
    run_guarded(call, [&] {
      if (const auto* error = std::get_if<ProtocolError>(&outcome)) return fail(call, *error);
      const auto& page = std::get<Page>(outcome);
      json entries = json::array();
      for (const auto& entry : page.entries) entries.push_back(json(entry_for(entry, call->revision)));
      json result{{member, std::move(entries)}};
      if (page.next_cursor) result["nextCursor"] = *page.next_cursor;
      succeed_cacheable(call, std::move(result), page.fresh_for);
    });
  };
}

namespace methods {

void list_resources(const CallPtr& call) {
  Cursor cursor;
  if (!read_cursor(call, cursor)) return;
  call->core->services.resources->list_resources(call->context, cursor, page_answer(call, "resources"));
}

void list_templates(const CallPtr& call) {
  Cursor cursor;
  if (!read_cursor(call, cursor)) return;
  call->core->services.resources->list_templates(call->context, cursor, page_answer(call, "resourceTemplates"));
}

void read_resource(const CallPtr& call) {
  if (need_text(call, "uri") != nullptr && read_input_round(call)) run_read(call);
}

void subscribe(const CallPtr& call) {
  if (!need_session(call)) return;
  const std::string* uri = need_text(call, "uri");
  if (uri == nullptr) return;
  if (!call->core->services.resources->may_watch(call->context, *uri))
    return fail(call, {rpc_code::kResourceNotFoundLegacy, "there is no such resource", json{{"uri", *uri}}});
  if (!call->peer->watch(*uri)) return fail(call, {rpc_code::kInternal, "too many subscriptions", nullptr});
  succeed(call, json::object());
}

void unsubscribe(const CallPtr& call) {
  const std::string* uri = need_text(call, "uri");
  if (uri == nullptr) return;
  call->peer->unwatch(*uri);
  succeed(call, json::object());
}

void list_prompts(const CallPtr& call) {
  Cursor cursor;
  if (!read_cursor(call, cursor)) return;
  call->core->services.prompts->list_prompts(call->context, cursor, page_answer(call, "prompts"));
}

void get_prompt(const CallPtr& call) {
  if (need_text(call, "name") != nullptr && read_input_round(call)) run_prompt(call);
}

void complete(const CallPtr& call) {
  const auto request = read_completion(call->params);
  if (const auto* problem = std::get_if<std::string>(&request)) return fail(call, invalid_params(*problem));
  call->core->services.completions->complete(
      call->context, std::get<CompletionRequest>(request),
      [call](const CompletionOutcome& outcome) { run_guarded(call, [&] { finish_completion(call, outcome); }); });
}

}  // namespace methods
}  // namespace carillon::transport
