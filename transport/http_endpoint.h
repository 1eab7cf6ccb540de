// Streamable HTTP: an McpServer behind one path of an HttpServer, for both eras.
//
// Modern: POST only, one request one answer, as JSON or as an event stream; closing the connection cancels. Legacy:
// sessions by Mcp-Session-Id, a push stream by GET, resumption by Last-Event-ID, DELETE; closing does not cancel.
// Sessions live in this process's memory; a client whose session is unknown gets 404 and starts again. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "transport/http_handler.h"
#include "transport/http_session.h"
#include "transport/server.h"
#include "transport/stream_slots.h"

namespace carillon::transport {

struct EndpointOptions {
  std::string path = "/mcp";
  SessionLimits sessions{};
  std::size_t streams_max = 1500;  // listeners of both eras; fewer than connections, so that calls find room
};

class McpEndpoint {
 public:
  // `server` must outlive the endpoint and every request.
  McpEndpoint(McpServer& server, EndpointOptions options);
  ~McpEndpoint();
  McpEndpoint(const McpEndpoint&) = delete;
  McpEndpoint& operator=(const McpEndpoint&) = delete;

  // POST, GET and DELETE of the path.
  std::vector<HttpRoute> routes();
  std::size_t sessions() const { return sessions_.size(); }
  std::size_t kept_bytes() const { return sessions_.kept_bytes(); }
  std::size_t streams() const { return slots_.taken(); }

 private:
  struct InSession {
    std::shared_ptr<LegacySession> session;
    std::shared_ptr<HttpReply> reply;
  };
  void post(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);
  void post_stateless(const HttpRequest& request, json_rpc::Parsed parsed, const std::shared_ptr<HttpReply>& reply);
  void post_in_session(const HttpRequest& request, json_rpc::Parsed parsed, const InSession& in);
  void hand_over(const Arrival& arrival, json_rpc::Parsed parsed, const std::shared_ptr<HttpReply>& reply);
  void get(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);
  std::shared_ptr<LegacySession> session_of(const HttpRequest& request);
  void end_session(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);

  McpServer& server_;
  const EndpointOptions options_;
  SessionTable sessions_;
  StreamSlots slots_;
};

}  // namespace carillon::transport
