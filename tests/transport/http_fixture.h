// An HTTP server around the fixture, and a raw client that sends exactly the bytes it is told.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "server/base/waiting.h"
#include "server/process/unique_fd.h"
#include "tests/transport/server_fixture.h"
#include "transport/http_endpoint.h"
#include "transport/http_server.h"

namespace carillon::transport::fixture {

// Knows ann and bob at hand; cleo and what begins like her have to be looked up.
class BearerTokens final : public Authenticator {
 public:
  AuthVerdict authenticate(const HttpRequest& request) override {
    const auto given = request.header("Authorization");
    if (given && given->starts_with("Bearer cleo")) return Undecided{};
    if (given == "Bearer ann") return Principal{"t", "ann", {}};
    if (given == "Bearer bob") return Principal{"t", "bob", {}};
    return Denied{401, "Bearer resource_metadata=\"http://127.0.0.1/x\"", "a token is needed"};
  }
  AuthVerdict look_up(const HttpRequest& request) override {
    about_to_wait();
    if (request.header("Authorization") == "Bearer cleo") return Principal{"t", "cleo", {}};
    if (request.header("Authorization") == "Bearer cleo-unknown") return Undecided{};
    if (request.header("Authorization") == "Bearer cleo-away") return Denied{503, "", "repeat it"};
    return Denied{401, "Bearer error=\"invalid_token\"", "looked up in vain"};
  }
};

struct Reply {
  int status = 0;  // 0: the connection ended without an answer
  HttpHeaders headers;
  std::string body;
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class RawClient {
 public:
  explicit RawClient(int port) : RawClient(new_socket(), port) {}
  RawClient(process::UniqueFd socket, int port) : RawClient(std::move(socket)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  // Over a socket whose other end somebody has already. A server that says nothing fails the test, and does not hang
  // it.
  explicit RawClient(process::UniqueFd connected) : fd_(std::move(connected)) {
    const timeval patience{kPatience.count(), 0};
    REQUIRE(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  }

  static process::UniqueFd new_socket() { return process::UniqueFd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}; }

  // False when the server does not take more.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  Reply read_reply() {
    Reply reply = read_head();
    if (reply.header("Transfer-Encoding") == "chunked") {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) reply.body += chunk;
    } else if (const std::string length = reply.header("Content-Length"); !length.empty()) {
      reply.body = take(std::stoul(length));
    }
    return reply;
  }

  Reply read_head() {
    Reply reply;
    const std::string line = take_until("\r\n");
    if (line.size() < 12) return reply;
    reply.status = std::stoi(line.substr(9, 3));
    for (std::string each = take_until("\r\n"); !each.empty(); each = take_until("\r\n"))
      reply.headers.emplace(each.substr(0, each.find(':')), each.substr(each.find(':') + 2));
    return reply;
  }

  // One chunk of a streamed body; empty at its end.
  std::string read_chunk() {
    const std::string size = take_until("\r\n");
    if (size.empty()) return "";
    const std::string chunk = take(std::stoul(size, nullptr, 16));
    take_until("\r\n");
    return chunk;
  }
  // The data of the next server-sent event that has some; empty at the end.
  json read_event() {
    while (true) {
      const std::size_t end = events_.find("\n\n");
      if (end == std::string::npos) {
        const std::string chunk = read_chunk();
        if (chunk.empty()) return nullptr;
        events_ += chunk;
        continue;
      }
      const std::string event = events_.substr(0, end + 1);
      events_.erase(0, end + 2);
      if (const auto id = event.find("id: "); id != std::string::npos)
        last_event_id = event.substr(id + 4, event.find('\n', id) - id - 4);
      if (event.starts_with("retry: ")) retry = event.substr(7, event.find('\n') - 7);
      const std::size_t data = event.find("data: {");
      if (data != std::string::npos) return json::parse(event.substr(data + 6, event.find('\n', data) - data - 6));
    }
  }
  bool at_end() { return heard_.empty() && !receive(); }
  void hang_up() { fd_.reset(); }
  int fd() const { return fd_.get(); }

  std::string last_event_id;
  std::string retry;

 private:
  bool receive() {
    char buffer[16384];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) FAIL("the server said nothing");
    if (got > 0) heard_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string take_until(std::string_view mark) {
    while (heard_.find(mark) == std::string::npos)
      if (!receive()) return "";
    const std::string found = heard_.substr(0, heard_.find(mark));
    heard_.erase(0, found.size() + mark.size());
    return found;
  }
  std::string take(std::size_t count) {
    while (heard_.size() < count && receive()) continue;
    const std::string found = heard_.substr(0, count);
    heard_.erase(0, count);
    return found;
  }

  process::UniqueFd fd_;
  std::string heard_;
  std::string events_;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline std::string request_text(const std::string& line, const HeaderList& headers, const std::string& body = "") {
  std::string text = line + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ann\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

inline HeaderList modern_headers(const json& request) {
  HeaderList headers{{"Content-Type", "application/json"},
                     {"Accept", "application/json, text/event-stream"},
                     {"MCP-Protocol-Version", "2026-07-28"},
                     {"Mcp-Method", request["method"].get<std::string>()}};
  if (request["params"].contains("name")) headers.emplace_back("Mcp-Name", request["params"]["name"]);
  return headers;
}
inline std::string modern_post(const json& request) {
  return request_text("POST /mcp", modern_headers(request), request.dump());
}
inline std::string legacy_post(const json& message, HeaderList headers = {}) {
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Accept", "application/json, text/event-stream");
  return request_text("POST /mcp", headers, message.dump());
}

// Requests of a legacy client.
inline json legacy(const json& id, const std::string& method, const json& params = json::object()) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
}
inline json hello(const char* version, const json& capabilities = json::object()) {
  return legacy(0, "initialize",
                {{"protocolVersion", version},
                 {"capabilities", capabilities},
                 {"clientInfo", {{"name", "old"}, {"version", "1"}}}});
}
// The same request with bob's token instead of ann's.
inline std::string as_bob(std::string request) { return request.replace(request.find("Bearer ann"), 10, "Bearer bob"); }

struct Web : Server {
  explicit Web(HttpLimits limits = {}, std::vector<HttpRoute> more = {}, EndpointOptions chosen = {})
      : endpoint(mcp, std::move(chosen)) {
    HttpServerOptions options;
    options.limits = limits;
    options.names_allowed = {"carillon.example"};
    http = std::make_unique<HttpServer>(options, tokens);
    http->add(endpoint.routes());
    http->add(std::move(more));
    http->start();
  }
  ~Web() { http->stop(); }

  RawClient client() const { return RawClient{http->port()}; }
  Reply ask(const std::string& text) const {
    RawClient one = client();
    one.send(text);
    return one.read_reply();
  }

  // Opens a session and gives the headers of its requests.
  HeaderList open_session(const char* version, const json& capabilities = json::object()) const {
    const auto opened = ask(legacy_post(hello(version, capabilities)));
    REQUIRE(opened.status == 200);
    REQUIRE_FALSE(opened.header("Mcp-Session-Id").empty());
    return {{"Mcp-Session-Id", opened.header("Mcp-Session-Id")}, {"MCP-Protocol-Version", version}};
  }

  BearerTokens tokens;
  McpEndpoint endpoint;
  std::unique_ptr<HttpServer> http;
};

}  // namespace carillon::transport::fixture
