// An HTTP server that does what a test tells it, for what no well-behaved server shows.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "transport/http_server.h"

namespace carillon::transport {

class ScriptedServer {
 public:
  using Play = std::function<void(const HttpRequest&, const std::shared_ptr<HttpReply>&)>;

  explicit ScriptedServer(Play play) : play_(std::move(play)), http_(options(), nobody_) {
    std::vector<HttpRoute> routes;
    for (const char* method : {"GET", "POST", "DELETE"})
      routes.push_back({method, "/*", Access::open,
                        [this](HttpRequest request, std::shared_ptr<HttpReply> reply) { play_(request, reply); }});
    http_.add(std::move(routes));
    http_.start();
  }
  ~ScriptedServer() { http_.stop(); }

  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(http_.port()) + path; }

 private:
  class Nobody final : public Authenticator {
   public:
    AuthVerdict authenticate(const HttpRequest&) override { return Denied{}; }
  };
  static HttpServerOptions options() {
    HttpServerOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    return options;
  }

  Play play_;
  Nobody nobody_;
  HttpServer http_;
};

}  // namespace carillon::transport
