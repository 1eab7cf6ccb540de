// The HTTP/1.1 server: sockets, limits and routing. What answers are made of is the routes' business.
//
// Every request passes, in this order: header limits, Host and Origin allow-lists, the route table, the credential, the
// body limit. Handlers are asynchronous (http_handler.h). Beneath, http_io.h moves the bytes. add() before start();
// start() and stop() from one thread; the rest from any.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transport/http_handler.h"

namespace carillon::transport {

struct HttpLimits {
  std::size_t header_bytes_max = 32 * 1024;
  std::size_t headers_max = 100;
  std::size_t body_bytes_max = 10 * 1024 * 1024;
  std::size_t connections_max = 2048;
  std::size_t waiting_calls_max =
      256;  // handlers that wait, each on a thread of its own; more requests wait their turn
  std::size_t stream_unsent_bytes_max = 8 * 1024 * 1024;  // a slower reader loses its stream
  std::chrono::milliseconds header_time{std::chrono::seconds{10}};
  std::chrono::milliseconds body_time{std::chrono::seconds{60}};
  std::chrono::milliseconds write_time{std::chrono::seconds{30}};
  std::chrono::milliseconds idle_time{std::chrono::minutes{2}};       // between two requests of a connection
  std::chrono::milliseconds event_silence{std::chrono::seconds{15}};  // then an event stream gets a comment
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any free one
  // Names that may stand in Host and in Origin, besides the loopback names and `host` itself; without port.
  std::vector<std::string> names_allowed;
  HttpLimits limits{};
};

class HttpIo;

class HttpServer {
 public:
  // `authenticator` must outlive the server.
  HttpServer(HttpServerOptions options, Authenticator& authenticator);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void add(HttpRoute route);
  void add(std::vector<HttpRoute> routes);

  // Listens; requests are served from now on. Throws std::system_error where the address cannot be had.
  void start();
  // Ends all connections; returns when no handler runs any more.
  void stop();

  int port() const;
  std::size_t connections() const;

 private:
  std::optional<HttpResponse> admit(HttpRequest& request);
  std::optional<HttpResponse> look_up(HttpRequest& request);
  void handle(HttpRequest request, const std::shared_ptr<HttpReply>& reply);

  const HttpServerOptions options_;
  Authenticator& authenticator_;
  std::vector<HttpRoute> routes_;
  std::unique_ptr<HttpIo> io_;
};

}  // namespace carillon::transport
