// The transport alone: an MCP server made of the library's public headers with one tool, `echo`, so that what the
// product's own work costs can be told from what carrying it costs.
//
//   transport_echo http    prints its port and serves until stdin ends
//   transport_echo stdio   serves stdin and stdout
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "server/base/clock.h"
#include "transport/http_endpoint.h"
#include "transport/http_server.h"
#include "transport/stdio_server.h"
#include "transport/worker_pool.h"

namespace {

using namespace carillon;
using namespace carillon::transport;

class Echo final : public ToolService {
 public:
  Echo() {
    auto list = std::make_shared<ToolList>();
    list->tools.push_back({{"name", "echo"}, {"description", "Echo"}, {"inputSchema", {{"type", "object"}}}});
    list_ = std::move(list);
  }
  std::shared_ptr<const ToolList> list_tools(const RequestContext&) override { return list_; }
  void call_tool(const RequestContext&, const std::string&, json arguments, ToolDone done) override {
    done(Answer{json::array({text_block(arguments.value("message", ""))})});
  }

 private:
  std::shared_ptr<const ToolList> list_;
};

class Everybody final : public Authenticator {
 public:
  AuthVerdict authenticate(const HttpRequest&) override { return Principal{"default", "bench", {}}; }
};

void serve_http(McpServer& server) {
  Everybody everybody;
  McpEndpoint endpoint{server, {}};
  HttpServer http{{}, everybody};
  http.add(endpoint.routes());
  http.start();
  std::cout << http.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  server.stop();
  http.stop();
}

}  // namespace

int main(int argc, char** argv) {
  Echo echo;
  SystemClock clock;
  WorkerPool pool{{}};
  ServerOptions options;
  options.server_info = {{"name", "echo"}, {"version", "1"}};
  McpServer server{options, {.tools = &echo}, clock, pool};
  if (argc == 2 && std::string_view{argv[1]} == "http") {
    serve_http(server);
  } else {
    serve_stream(server, {"default", "bench", {}}, {}, {});
  }
}
