// ToolCaller: how the inside of Carillon calls downstream tools, in domain's own words.
//
// The catalog implements it (and knows MCP); the engine and the worker only see this. One of the three interfaces that
// exist for the sake of tests. Asynchronous: a waiting call holds no thread. Every method is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/caller.h"
#include "server/domain/cost.h"
#include "server/domain/error_class.h"

namespace carillon {

// What a call may do outside. read and idempotent calls may be repeated; a destructive call whose outcome is not known
// ends as `unknown` (product promise 3).
enum class Effect { read, idempotent, destructive };

constexpr std::string_view name_of(Effect effect) {
  switch (effect) {
    case Effect::read:
      return "read";
    case Effect::idempotent:
      return "idempotent";
    case Effect::destructive:
      return "destructive";
  }
  return "destructive";
}

constexpr bool may_be_repeated(Effect effect) { return effect != Effect::destructive; }

// The tool of Carillon's own that gives a model one of its prompt templates (ToolFacts::fills_in_template).
inline constexpr std::string_view kTemplateTool = "llm.from_template";

struct ToolFacts {
  std::string tool;  // "server.tool"
  std::string title;
  std::string description;
  Effect effect = Effect::destructive;
  std::optional<Duration> timeout;     // set for this tool in the catalog
  Scopes scopes{};                     // that whoever calls or schedules it must hold, besides the tool row's own
  Cost cost{};                         // of one call
  ordered_json input_schema;           // as the server gave it, member order kept
  ordered_json output_schema;          // null when the tool has none
  std::vector<std::string> sensitive;  // JSON pointers into arguments and results that are masked everywhere
  // Its argument `template` is the name of a prompt template of Carillon's, `params` what that is filled in with.
  bool fills_in_template = false;
  // What else has to be true of a call's arguments. What holds templates is passed over: nobody knows it before it is
  // filled in. Errors point into the arguments. May be null; pure, thread-safe.
  std::function<Status(const json& arguments)> check{};
};

// What a downstream server asks in the middle of a call, as MCP's newest revision writes it, whatever revision the
// server speaks. Both members can hold what nobody else may read: neither is logged.
struct ToolQuestion {
  std::string method;  // elicitation/create or sampling/createMessage
  json params;         // an object
};

// The method's result object ({"action": "accept", "content": {…}}, …). An error: nobody answers, which ends the call
// with the error's message. Once per question, from any thread, then or much later; a call that ended meanwhile passes
// it over.
using ToolAnswered = std::function<void(Result<json>)>;

// How far a call has come, as its server says.
struct ToolProgress {
  double progress = 0;
  std::optional<double> total{};
  std::string message{};
};

struct ToolCall {
  TenantId tenant;
  std::string tool;             // "server.tool"
  json arguments;               // an object
  Duration timeout;             // from start to reply; the downstream call is cancelled then
  std::string idempotency_key;  // the same on each attempt; travels as _meta["io.carillon/idempotencyKey"]
  std::string traceparent;      // W3C Trace Context, or empty

  // Which questions somebody is there to answer, as MCP's ClientCapabilities write it: {"elicitation": {"form": {},
  // "url": {}}, "sampling": {}}. Empty: nobody. No server hears of more.
  json can_answer = json::object();
  // Both are called on a thread of the catalog's and must be short. While a question is open the call's own time stands
  // still; the catalog bounds the wait for an answer by itself.
  std::function<void(ToolQuestion, ToolAnswered)> asked{};
  std::function<void(const ToolProgress&)> progressed{};  // as often as the server says so
};

// Whether the request can have reached the server. `no` means: repeating is safe whatever the tool does.
enum class Arrived { no, maybe };

struct ToolReply {
  std::optional<ErrorClass> failure;  // empty: the tool answered without isError
  std::string message;                // for a person, when failure is set; secrets masked
  json content = json::array();       // MCP content blocks, also on tool_error
  json structured = nullptr;          // structuredContent, or null
  Arrived arrived = Arrived::no;
  Duration took{0};
  std::optional<Duration> retry_after{};  // the server's own wish
  std::optional<Cost> cost{};             // of this call, where it is known; else what ToolFacts says
};

// Whether the call was made, as far as anybody knows: then it may have had its effect, and it has its price.
inline bool was_made(const ToolReply& reply) { return !reply.failure || reply.arrived == Arrived::maybe; }

inline ToolReply not_made(ErrorClass why, std::string message) {
  ToolReply reply;
  reply.failure = why;
  reply.message = std::move(message);
  return reply;
}

using CallId = std::uint64_t;

class ToolCaller {
 public:
  virtual ~ToolCaller() = default;

  // Starts a call. `done` is called exactly once, from any thread, possibly before start returns. Arguments are
  // validated against the tool's inputSchema first (failure invalid_arguments, arrived no).
  virtual CallId start(ToolCall call, std::function<void(ToolReply)> done) = 0;

  // Asks for the end of a call; its `done` still comes (failure cancelled, or the reply that was faster). Unknown ids
  // are ignored: the call has ended.
  virtual void cancel(CallId call, std::string_view reason) = 0;

  // What is known of a tool, waiting at most `wait` for its server to start and list its tools.
  // Errors: unknown_tool (with nearest), server_unavailable, needs_sign_in.
  virtual Result<ToolFacts> describe(const TenantId& tenant, std::string_view tool, Duration wait) = 0;
};

}  // namespace carillon
