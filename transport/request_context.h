// RequestContext: everything a service may know about the request it answers: era, client, caller, cancellation, and
// the way back for progress and log lines. One shape for both eras of MCP, so that a service is written once.
//
// A value: a service that answers later keeps a copy. The members that act (channel, cancelled) may be used from any
// thread until the request is answered and are harmless afterwards. It never tells which connection asked: nothing may
// be inferred from an earlier request.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"

namespace carillon::transport {

// modern: 2026-07-28 and later, metadata on each request. legacy: up to 2025-11-25, an `initialize` handshake.
enum class Era { legacy, modern };

// Who calls, from a verified credential, in words the edge chose. Never from an argument.
struct Principal {
  std::string tenant;
  std::string agent;
  std::vector<std::string> scopes;
  std::string kind = "agent";  // or person, service
  bool operator==(const Principal&) const = default;
};

// Whom an announcement is for; empty: everybody.
using Audience = std::function<bool(const Principal&)>;

// The client's unverified description of itself: for display and logs only.
struct ClientInfo {
  std::string name;
  std::string version;
  std::string title;
};

// W3C trace context as it came; empty where it did not.
struct TraceContext {
  std::string traceparent;
  std::string tracestate;
  std::string baggage;
};

enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };
std::string_view name_of(LogLevel level);
std::optional<LogLevel> log_level_named(std::string_view name);

struct Progress {
  double progress = 0;  // strictly increasing within a request; others are dropped
  std::optional<double> total{};
  std::string message{};
};

// The way back to the client while a request is being answered. Thread-safe; silent once it is answered or cancelled.
class RequestChannel {
 public:
  virtual ~RequestChannel() = default;
  // Sent only if the client gave a progress token.
  virtual void report(const Progress& progress) = 0;
  // Sent only if the client asked for log messages of this level. No secrets.
  virtual void log(LogLevel level, const json& data) = 0;
  // Ends the client's current stream without ending the request; it comes back for the answer after `retry` where its
  // revision can (2025-11-25 over HTTP). Elsewhere nothing happens.
  virtual void drop_stream(std::chrono::milliseconds retry) = 0;
};

// What a repeated request brings when an earlier attempt answered NeedInput: the client's answers by the keys that were
// asked under, and the state given then (already verified). Empty on a first attempt.
struct InputRound {
  json responses = json::object();
  json state = nullptr;
};

// What a client of 2025-11-25 asks for with a call: a task in place of the answer, kept for so long after its beginning
// (the service decides).
struct TaskWish {
  std::optional<std::chrono::milliseconds> time_to_live{};
};

struct RequestContext {
  Era era = Era::modern;
  std::string protocol_version;
  ClientInfo client;
  json client_capabilities = json::object();
  Principal principal;
  std::string zone;  // IANA zone of the client's host where its carrier told, for display and defaults; else empty
  std::string correlation_id;
  TraceContext trace;
  InputRound input;
  std::optional<TaskWish> task_wish{};  // of a client of 2025-11-25: it expects a StartedTask, whatever happens
  // When the request came; of a legacy client's also while it is asked, and after.
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
  std::stop_token cancelled;                // the client took the request back or went away
  std::shared_ptr<RequestChannel> channel;  // never null inside a service

  // Whether the client declared a capability for this request: client_can("elicitation"), client_can("sampling").
  bool client_can(std::string_view capability) const;
  bool client_has_extension(std::string_view extension) const;
  // Whether this call may be answered with a StartedTask: the client declared the Tasks extension, or wishes a task.
  bool takes_tasks() const;
};

inline constexpr std::string_view kTasksExtension = "io.modelcontextprotocol/tasks";

}  // namespace carillon::transport
