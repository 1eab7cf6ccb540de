// The server under test of the official MCP conformance suite: conformance_server --listen 127.0.0.1:PORT
//
// It prints its address and runs until its standard input ends.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/conformance/fixture.h"
#include "transport/http_endpoint.h"
#include "transport/http_server.h"
#include "transport/worker_pool.h"

namespace {

using namespace carillon;

class Everybody final : public transport::Authenticator {
 public:
  transport::AuthVerdict authenticate(const transport::HttpRequest&) override {
    return transport::Principal{"default", "suite", {}};
  }
};

// "127.0.0.1:8080"; port 0 without one.
transport::HttpServerOptions listen_at(const std::string& address) {
  transport::HttpServerOptions options;
  const std::size_t colon = address.rfind(':');
  options.host = address.substr(0, colon);
  options.port = colon == std::string::npos ? 0 : std::stoi(address.substr(colon + 1));
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (arguments.size() != 2 || arguments[0] != "--listen") {
    std::cerr << "usage: conformance_server --listen 127.0.0.1:PORT\n";
    return 2;
  }
  transport::Timer timer;
  conformance::FixtureTasks tasks;
  conformance::Stage stage{timer, tasks, nullptr};
  conformance::FixtureTools tools{stage};
  conformance::FixtureContent content;
  SystemClock clock;
  transport::WorkerPool pool{{}};
  transport::ServerOptions options;
  options.server_info = {{"name", "carillon-conformance"}, {"version", "1"}};
  transport::McpServer server{options, {&tools, &content, &content, &content, &tasks}, clock, pool};
  stage.server = &server;
  Everybody everybody;
  transport::McpEndpoint endpoint{server, {}};
  transport::HttpServer http{listen_at(arguments[1]), everybody};
  http.add(endpoint.routes());
  http.start();
  std::cout << "listening on port " << http.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  server.stop();
  http.stop();
  return 0;
}
