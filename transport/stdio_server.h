// An MCP server on a byte stream: standard input and output, or one connection of a Unix socket.
//
// Messages are lines. Requests are handled concurrently (those that wait, each on a thread of its own), replies come in
// the order they are ready. A line that is too long or no JSON is answered with an error, and the stream goes on.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/process/unique_fd.h"
#include "transport/line_connection.h"
#include "transport/relay.h"
#include "transport/server.h"

namespace carillon::transport {

struct StreamOptions {
  LineLimits lines{};
  // After the end of input: how long requests that were read may still take before they are cancelled.
  std::chrono::milliseconds drain{std::chrono::seconds{2}};
};

struct StreamEnds {
  int in = 0;
  int out = 1;
};

struct Stream {
  StreamEnds ends{};
  StreamOptions options{};
};

// Serves one client until it closes its end or `stop`; then everything in flight is cancelled.
LineConnection::End serve_stream(McpServer& server, const Principal& principal, const Stream& stream,
                                 const std::stop_token& stop);

// Who serves a connection, decided when its first line is there. Both ends may agree on a line before the protocol.
struct Opened {
  std::shared_ptr<McpServer> server;  // null: the connection is closed after `reply`
  Principal principal;
  std::string reply;  // a line to send before anything else; empty: none
  enum class FirstLine { is_protocol, was_handled } first_line = FirstLine::is_protocol;
  std::string zone{};                  // IANA zone of the client's host, when it is known; becomes RequestContext::zone
  std::function<void()> afterwards{};  // called when the connection is over, so after `reply` is sent; may be empty
};
using Opening = std::function<Opened(std::string_view first_line)>;

// One connection, as a loop of a relay. It owns the descriptor; the client has gone, and what it had in flight is
// cancelled, when the loop is over.
std::shared_ptr<Relay::Loop> new_stream_session(Opening opening, process::UniqueFd fd, const StreamOptions& options,
                                                const std::stop_token& stop);

}  // namespace carillon::transport
