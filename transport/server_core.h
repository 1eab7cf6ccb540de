// The inside of McpServer, shared by the files that hold its methods. Not for users of the library.
//
// Call: a request that passed the checks of its era, on its way through a method. A method ends it exactly once, with
// succeed(), fail() or require_input(). Thread-safe as its parts are; a Call is touched by one thread at a time.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transport/era.h"
#include "transport/sealed_state.h"
#include "transport/server.h"
#include "transport/subscriptions.h"
#include "transport/tool_listing.h"

namespace carillon::transport {

struct ServerCore {
  ServerCore(ServerOptions chosen, Services given, const Clock& clock, Executor& pool)
      : options(std::move(chosen)),
        services(given),
        executor(pool),
        sealer(options.state_secret, options.state_lifetime, clock),
        listings(ListingRules{options.page_size, options.list_ttl, options.cache_scope, options.server_info}) {}

  const ServerOptions options;
  const Services services;
  Executor& executor;
  const StateSealer sealer;
  ToolListings listings;
  Subscriptions subscriptions;
  std::atomic<bool> stopped{false};
};

struct Call {
  std::shared_ptr<ServerCore> core;
  std::shared_ptr<Peer> peer;
  std::shared_ptr<Exchange> exchange;
  Revision revision = kNewestModern;
  std::string method;
  json params;
  HttpHeaders param_headers;  // the Mcp-Param-* of a modern HTTP request
  bool over_http = false;
  RequestContext context;
  std::size_t rounds = 0;  // of input asked from a legacy client

  bool modern() const { return is_modern(revision); }
};
using CallPtr = std::shared_ptr<Call>;

// What a method needs in order to exist on this server.
enum class Needs { nothing, tools, resources, prompts, completions, tasks };
// at_once: quick, in the order messages came. pooled: may take its time.
enum class Runs { at_once, pooled };

struct Method {
  std::string_view name;
  Revision since;
  Revision until;
  Needs needs;
  Runs runs;
  void (*handle)(const CallPtr&);
};
const Method* find_method(std::string_view name, const Call& call);
bool has_service(const Services& services, Needs needs);
json capabilities_of(const ServerCore& core, Revision revision);

// Ends a call well: adds what its revision wants on every result.
void succeed(const CallPtr& call, json result);
// The same with cache hints (lists and resources).
void succeed_cacheable(const CallPtr& call, json result, Freshness fresh_for = {});
void fail(const CallPtr& call, const ProtocolError& error);
// Asks the client for input; once a legacy client has answered everything, or the service waits no longer, `again`
// runs with the answers in the context.
void require_input(const CallPtr& call, NeedInput need, const std::function<void(const CallPtr&)>& again);
// Runs a method or a part of it; what it throws is logged and becomes an internal error.
void run_guarded(const CallPtr& call, const std::function<void()>& work);

// Reads the members of a round of input into the context. False: it was answered with an error.
bool read_input_round(const CallPtr& call);
// False after failing the call: what it would set ends with this one HTTP request.
bool need_session(const CallPtr& call);
// A text member of params, or nothing after failing the call.
const std::string* need_text(const CallPtr& call, const char* member);
// params.cursor; false after failing the call.
bool read_cursor(const CallPtr& call, Cursor& cursor);
PageDone page_answer(const CallPtr& call, const char* member);

// The methods, by file: server_methods.cc, server_tools.cc, server_resources.cc, server_tasks.cc (the extension),
// server_core_tasks.cc (2025-11-25).
namespace methods {
void discover(const CallPtr& call);
void initialize(const CallPtr& call);
void ping(const CallPtr& call);
void set_log_level(const CallPtr& call);
void listen(const CallPtr& call);
void list_tools(const CallPtr& call);
void call_tool(const CallPtr& call);
void list_resources(const CallPtr& call);
void list_templates(const CallPtr& call);
void read_resource(const CallPtr& call);
void subscribe(const CallPtr& call);
void unsubscribe(const CallPtr& call);
void list_prompts(const CallPtr& call);
void get_prompt(const CallPtr& call);
void complete(const CallPtr& call);
void get_task(const CallPtr& call);
void update_task(const CallPtr& call);
void cancel_task(const CallPtr& call);
void get_core_task(const CallPtr& call);
void task_result(const CallPtr& call);
void list_core_tasks(const CallPtr& call);
void cancel_core_task(const CallPtr& call);
}  // namespace methods

// The extension's task, and the answer to a call that became one.
json task_json(const TaskView& task, const ServerCore& core);
void succeed_with_task(const CallPtr& call, const TaskView& task);
// The same in 2025-11-25, whose client is then told of changes.
void succeed_with_core_task(const CallPtr& call, const TaskView& task);
// Reads params.task of a client of 2025-11-25 into the context. Whether the tool may be called so; an error if not.
std::optional<ProtocolError> read_task_wish(const CallPtr& call, const std::string& tool);
// The tasks that a listener asked for and may see: from now on it is told how they stand.
void follow_for_listener(const CallPtr& call, const std::vector<std::string>& ids);

// What the client must have declared for a request for input; nothing if it did.
std::optional<json> undeclared(const Call& call, const InputRequest& request);
// The request as a legacy revision writes it: without members it does not know, with one that only 2025-11-25 has.
InputRequest for_revision(InputRequest request, Revision revision);
json answer_json(const Answer& answer, Revision revision);
// A content block as the revision can read it.
json content_for(const json& block, Revision revision);

}  // namespace carillon::transport
