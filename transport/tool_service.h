// ToolService: the port through which an MCP server offers tools. The product implements it; transport only knows this.
//
// Both calls may come from many threads at once. call_tool may answer at once or later, from any thread, by calling
// `done` exactly once: a call that waits costs no thread. `done` is cheap and never throws; calling it after the client
// has gone is fine. An exception that leaves call_tool is logged and answered as an internal error.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "transport/request_context.h"

namespace carillon::transport {

// The answer of a tool that ran, well or badly: what a model can mend is an Answer with is_error, not a ProtocolError.
struct Answer {
  json content = json::array();  // content blocks as in MCP: {"type":"text","text":…}, …
  std::optional<json> structured{};
  bool is_error = false;
  json meta = json::object();
};

// A JSON-RPC error: unknown tool, malformed request, missing client capability.
struct ProtocolError {
  int code = 0;
  std::string message;
  json data = nullptr;
};

// The request cannot be finished without the client's user, model or roots. It is asked again, with the answers in
// RequestContext::input: in the modern era by the client, in the legacy one by transport itself, which asks the client
// in between. So a service never waits for input. `state` travels sealed: the client can neither read its meaning nor
// change it, and it is bound to the caller and to this request.
struct InputRequest {
  std::string method;  // elicitation/create, sampling/createMessage or roots/list
  json params = json::object();
};
struct NeedInput {
  std::map<std::string, InputRequest> requests;  // by a key of the service's choice
  json state = nullptr;
  // A legacy client's request stays open while it is asked. Both are called from any thread, and may be null:
  // `meanwhile` as soon as the client was asked. It may call `go_on`, once; then the request goes on without the
  // answers that are missing. `answered` stops when that is of no use any more.
  std::function<void(std::function<void()> go_on, std::stop_token answered)> meanwhile{};
  // Takes each answer that comes after that, by its key; without it they are lost.
  std::function<void(const std::string& key, const json& response)> late{};
};

// The call goes on as a task of the TaskStore (only where RequestContext::takes_tasks).
struct StartedTask {
  std::string task_id;
};

using ToolOutcome = std::variant<Answer, ProtocolError, NeedInput, StartedTask>;
using ToolDone = std::function<void(ToolOutcome)>;

// One entry of the listing as MCP's newest revision writes it: name, title, description, inputSchema, outputSchema,
// annotations, icons, _meta; and `execution`, of 2025-11-25 alone, whose taskSupport says whether its clients may call
// the tool as a task. Members a revision does not know are left out for its clients.
using ToolEntry = ordered_json;

struct ToolList {
  std::vector<ToolEntry> tools;  // in a stable order, the same for every connection of a caller
};

class ToolService {
 public:
  virtual ~ToolService() = default;
  // The tools this caller may see. Return the same pointer while nothing changed: what transport derives from a list
  // (texts, header rules) is kept by its address.
  virtual std::shared_ptr<const ToolList> list_tools(const RequestContext& context) = 0;
  // `arguments` is an object ({} when the client sent none). An unknown name is a ProtocolError -32602.
  virtual void call_tool(const RequestContext& context, const std::string& name, json arguments, ToolDone done) = 0;
};

// A text block, the usual content.
json text_block(std::string_view text);
ProtocolError invalid_params(std::string message);
// The client did not declare a capability that the request needs; `required` in ClientCapabilities shape.
ProtocolError missing_capability(json required);

}  // namespace carillon::transport
