// HttpIo: the layer that moves bytes for HttpServer. Its one source file is the only one on the server's side that
// knows cpp-httplib; another implementation of this header would take its place without a change elsewhere.
//
// Beneath, each connection has a thread of an elastic pool. When the pool is at its limit the connection that was idle
// longest is closed for a new one. start() and stop() from one thread.
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
  // Judges a request by its head, before its body is read: an answer refuses it. May fill in the principal.
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
  class Library;
  const std::unique_ptr<Library> library_;
};

}  // namespace carillon::transport
