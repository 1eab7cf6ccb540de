// ClientWire: how messages reach one downstream server and how answers come back. Two kinds exist: a child process's
// stdin and stdout (client_stdio.h) and HTTP requests (client_http.h). The protocol above it (client.h) knows neither.
//
// Everything happens on the ClientLoop's thread: calls to the wire and calls to the listener. A wire that failed or was
// closed calls on_closed once and nothing after it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "transport/protocol.h"

namespace carillon::transport {

// Whether the server can have received the request. `no` only when that is certain.
enum class Reached { no, maybe };

enum class ClientFailureKind {
  cannot_start,  // the program or the address is wrong
  unreachable,   // refused, no route, 5xx, an overfull queue
  timed_out,
  died,      // the process or the connection ended in the middle
  protocol,  // what came is no MCP
  sign_in,   // 401 or 403
  rate_limited,
  session_lost,  // the server forgot our session: connect again and repeat
  refused,       // another 4xx
  needs_input,   // it asks for what nobody gives
  cancelled,
};

struct ClientFailure {
  ClientFailureKind kind = ClientFailureKind::unreachable;
  std::string message{};
  Reached reached = Reached::no;
  std::optional<Duration> retry_after{};
};

inline ClientFailure protocol_failure(std::string message) {
  return {ClientFailureKind::protocol, std::move(message), Reached::maybe, std::nullopt};
}

using Header = std::pair<std::string, std::string>;

struct WireMessage {
  std::string text;    // one JSON-RPC message
  std::string method;  // empty for an answer of ours
  std::string name;    // what HTTP mirrors of params: a tool's or prompt's name, a resource's uri …
  std::optional<std::int64_t> request{};  // the id of a request; nothing for notifications and answers
  std::vector<Header> headers{};          // Mcp-Param-*
  Duration timeout = std::chrono::seconds{60};
};

class WireListener {
 public:
  virtual ~WireListener() = default;
  // `request`: whose exchange brought it, where the wire knows (HTTP). `status`: of HTTP; 200 elsewhere.
  virtual void on_message(std::string_view text, std::optional<std::int64_t> request, int status) = 0;
  // The exchange of this request is over; nothing more comes for it. `failure` empty: it ended in order.
  virtual void on_exchange_over(std::int64_t request, std::optional<ClientFailure> failure) = 0;
  // Whether the request is still unanswered.
  virtual bool waits_for(std::int64_t request) const = 0;
  virtual void on_closed(const ClientFailure& failure) = 0;
};

class ClientWire {
 public:
  virtual ~ClientWire() = default;

  // Nothing: open. The listener must outlive the wire or be taken off by close().
  virtual std::optional<ClientFailure> open(WireListener& listener) = 0;
  // A failure: this message was certainly not sent.
  virtual std::optional<ClientFailure> send(WireMessage message) = 0;
  // Takes a request back as far as the wire can (a message not yet written, an HTTP stream); tells whether the server
  // can have received it.
  virtual Reached withdraw(std::int64_t request) = 0;
  // The revision agreed upon: HTTP names it in a header from now on.
  virtual void agree(Revision revision) = 0;
  // Lets a legacy server speak first: over HTTP by a stream of its own, elsewhere it always can.
  virtual void listen() = 0;
  // Whether closing an exchange tells the server to stop (HTTP) or a message must (stdio).
  virtual bool closing_cancels() const = 0;
  // Whether a server that fell over the probe can be had afresh (a new process).
  virtual bool can_start_afresh() const = 0;
  // The listener hears nothing more. `gone` is called when nothing is left of the server on our side.
  virtual void close(std::function<void()> gone) = 0;
};

}  // namespace carillon::transport
