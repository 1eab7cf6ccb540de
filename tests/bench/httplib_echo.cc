// A bare echo on cpp-httplib, as the yardstick of the HTTP section: no protocol, the body comes back as it went.
// Prints its port and serves until stdin ends. Without these settings the library answers 300 requests a second (ADR
// 0005).
#include <httplib.h>
#include <sys/socket.h>

#include <iostream>
#include <thread>

namespace {

class Echo final : public httplib::Server {
 public:
  // The library's own backlog of five loses callers that come together.
  bool widen_backlog() const { return ::listen(svr_sock_, 1024) == 0; }
};

}  // namespace

int main() {
  constexpr std::size_t kThreads = 300;  // one a caller: the library keeps a thread on each connection
  Echo server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(1'000'000'000);
  server.set_keep_alive_timeout(3600);
  server.set_tcp_nodelay(true);
  server.Post("/mcp", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.body, "application/json");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  if (!server.widen_backlog()) return 1;
  std::thread serving{[&] { server.listen_after_bind(); }};
  std::cout << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  server.stop();
  serving.join();
}
