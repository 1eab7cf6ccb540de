// HTTP+SSE, the transport of revision 2024-11-05, for clients that know no other: GET opens an event stream whose first
// event names the address to POST messages to; every reply comes as an event. Deprecated since 2025-03-26, so a server
// offers it on demand, beside McpEndpoint. The stream is the session: it ends with its connection and is not resumable.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "transport/http_handler.h"
#include "transport/server.h"

namespace carillon::transport {

struct SseOptions {
  std::string stream_path = "/sse";
  std::string message_path = "/messages";
  std::size_t streams_max = 100;
};

class SseEndpoint {
 public:
  // `server` must outlive the endpoint and every request.
  SseEndpoint(McpServer& server, SseOptions options) : server_(server), options_(std::move(options)) {}
  ~SseEndpoint();
  SseEndpoint(const SseEndpoint&) = delete;
  SseEndpoint& operator=(const SseEndpoint&) = delete;

  // GET of the one path, POST of the other.
  std::vector<HttpRoute> routes();
  std::size_t streams() const;

 private:
  class Stream;
  // By the name that stands in the address for messages. Nothing is authorized by it: the principal is checked besides.
  using Streams = std::map<std::string, std::shared_ptr<Stream>, std::less<>>;

  void open(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);
  void take(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);
  void close(const std::string& name);

  McpServer& server_;
  const SseOptions options_;
  const std::shared_ptr<Guarded<Streams>> streams_ = std::make_shared<Guarded<Streams>>();
};

}  // namespace carillon::transport
