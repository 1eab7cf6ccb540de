// HttpIo: the layer that moves bytes for HttpServer: the listening socket, and a few loops that share its connections
// (http_loop.h). Another implementation of this header would take its place without a change elsewhere (ADR 0018).
//
// When there are as many connections as there may be, the one that was idle longest is closed for a new one. start()
// and stop() from one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "transport/http_handler.h"
#include "transport/http_server.h"

namespace carillon::transport {

struct HttpApp {
  // Judges a request by its head, before its body is read: an answer refuses it. May fill in the principal. Called on
  // the thread that serves many connections, so it never waits.
  std::function<std::optional<HttpResponse>(HttpRequest&)> admit;
  std::function<void(HttpRequest, const std::shared_ptr<HttpReply>&)> handle;
};

class HttpIo {
 public:
  HttpIo(const HttpLimits& limits, HttpApp app);
  ~HttpIo();
  HttpIo(const HttpIo&) = delete;
  HttpIo& operator=(const HttpIo&) = delete;

  void start(const std::string& host, int port);
  void stop();
  int port() const;
  std::size_t connections() const;

 private:
  class House;
  const std::unique_ptr<House> house_;
};

}  // namespace carillon::transport
