// Bytes of an HTTP client against a real server with the endpoints of all revisions: head, body, headers of MCP. It
// answers in HTTP or hangs up, and the connection ends when the client ends it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "server/base/check.h"
#include "server/process/unique_fd.h"
#include "tests/fuzz/target.h"
#include "tests/transport/server_fixture.h"
#include "transport/http_endpoint.h"
#include "transport/http_server.h"
#include "transport/sse_endpoint.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

class Everybody final : public Authenticator {
 public:
  AuthVerdict authenticate(const HttpRequest&) override { return Principal{"t", "a", {}}; }
};

HttpServerOptions options() {
  HttpServerOptions options;
  options.limits.body_bytes_max = 64 * 1024;
  options.limits.connections_max = 8;
  return options;
}

struct Web : fixture::Server {
  Web() {
    http.add(endpoint.routes());
    http.add(sse.routes());
    http.start();
  }
  ~Web() { http.stop(); }
  Everybody everybody;
  McpEndpoint endpoint{mcp, {"/mcp", {8}, 4}};
  SseEndpoint sse{mcp, {}};
  HttpServer http{options(), everybody};
};

process::UniqueFd connect_to(int port) {
  process::UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const linger at_once{1, 0};  // closed without a trace: the next thousand connections need the ports
  CARILLON_CHECK(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  CARILLON_CHECK(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

void http(std::string_view input) {
  static Web web;
  const auto fd = connect_to(web.http.port());
  // A server that has refused and closed takes no more: then there is an answer to read all the same.
  static_cast<void>(::send(fd.get(), input.data(), input.size(), MSG_NOSIGNAL));
  static_cast<void>(::shutdown(fd.get(), SHUT_WR));
  std::string answer;
  std::array<char, 4096> buffer;  // NOLINT: filled by recv
  for (ssize_t got = 0; (got = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0;)
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  CARILLON_CHECK(answer.empty() || answer.starts_with("HTTP/1."));
  web.tools.parking.answer_all({});
}

const Target kHttpTarget{"http", http};

}  // namespace
}  // namespace carillon::fuzz
