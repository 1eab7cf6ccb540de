// The wire to a downstream server over Streamable HTTP: one POST a message, answered by JSON or an event stream.
//
// cpp-httplib's client blocks, so exchanges run on a bounded pool of threads that all HTTP servers share; what finds no
// thread waits in a bounded queue, and what finds no place there was certainly not sent. A legacy stream that ends
// before its answer is resumed where it ended. Redirects are not followed: they would carry our headers elsewhere.
// Wires live on the ClientLoop's thread; the pool's threads touch none of them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/base/result.h"
#include "transport/client_loop.h"
#include "transport/client_wire.h"

namespace carillon::transport {

// Threads for work that blocks, made as they are needed, up to a limit. Thread-safe.
class BlockingPool {
 public:
  BlockingPool(std::size_t threads_max, std::size_t queue_max) : threads_max_(threads_max), queue_max_(queue_max) {}
  ~BlockingPool();  // waits for what runs; drops what is queued

  // false: the queue is full.
  bool run(std::function<void()> job);

 private:
  void work(const std::stop_token& stop);

  const std::size_t threads_max_, queue_max_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  std::vector<std::jthread> threads_;
};

// "https://host:port/path?query", taken apart. Nothing: not an http or https address.
struct HttpAddress {
  std::string origin;  // scheme, host and port
  std::string host;
  std::string path;  // with the query; at least "/"
};
std::optional<HttpAddress> parse_http_address(const std::string& url);
// Whether it leads to this very machine, whatever network there is.
bool is_loopback(const HttpAddress& address);

// What a server said to a request that it did not let in.
struct HttpRefusal {
  int status = 0;                       // 401 or 403
  std::vector<std::string> challenges;  // WWW-Authenticate
  std::string dpop_nonce;
};

// Who gives a wire's requests their credentials. Called on the pool's threads, several at once; may block.
class HttpAuthorizer {
 public:
  virtual ~HttpAuthorizer() = default;
  // For one request; a repetition gets its own. Errors: the request need not be made, it would be refused
  // (needs_sign_in), or nobody who could let it in can be reached (unavailable).
  virtual Result<std::vector<Header>> headers(const std::string& method, const std::string& url) = 0;
  // Fine: the request may be repeated, with new headers. Otherwise why that is of no use; errors as above.
  virtual Status answer(const HttpRefusal& refusal, const std::vector<Header>& used) = 0;
  // A request was let in with these.
  virtual void let_in(const std::vector<Header>& used) = 0;
};

struct HttpOptions {
  HttpAddress address;
  std::vector<Header> headers;  // of every request, as configured
  std::size_t message_bytes_max = 64u << 20;
  Duration connect_timeout = std::chrono::seconds{10};
  std::shared_ptr<HttpAuthorizer> authorizer{};  // none: a 401 or 403 is the end of a request
};

// Whose threads carry out the exchanges. The wire keeps the pools, its exchanges do not: a pool waits at its end for
// what runs on it, and must not end on a thread of its own.
struct HttpPools {
  std::shared_ptr<BlockingPool> exchanges;
  // For the stream on which a legacy server speaks first; it lasts as long as the server. None: the others'.
  std::shared_ptr<BlockingPool> listening{};
};

// The threads of the pools post to the loop until they end, so the pools end first: they are declared after it.
std::unique_ptr<ClientWire> make_http_wire(ClientLoop& loop, HttpPools pools, HttpOptions options);

}  // namespace carillon::transport
