// One HTTP exchange with a downstream server as the threads of the BlockingPool carry it out, and what they share of
// the server: its address, its idle connections, who signs us in. Half of client_http.cc, which owns the loop's side.
//
// An HttpExchange is shared by the loop, which may abandon it, and one thread of the pool. HttpServerSide is
// thread-safe and outlives the wire until the last exchange is over.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "transport/client_http.h"
#include "transport/client_wire.h"

namespace httplib {
class Client;
class Response;
}  // namespace httplib

namespace carillon::transport {

enum class ExchangeKind {
  post,    // a message of ours
  resume,  // GET: the rest of the stream that answers a request (legacy)
  listen,  // GET: what a legacy server says of its own accord
};

struct HttpExchange {
  ExchangeKind kind = ExchangeKind::post;
  WireMessage message;
  std::vector<Header> headers;
  int resumptions = 0;  // of the stream before this one
  std::atomic<bool> abandoned{false};
  std::atomic<bool> begun{false};
  // Written by the pool's thread before anything is delivered, or before the end.
  std::string session;
  std::string last_event_id;
  std::optional<Duration> retry{};

  void abandon();
  void run_on(httplib::Client* client);  // null: no longer

 private:
  std::mutex mutex_;                   // guards client_
  httplib::Client* client_ = nullptr;  // while it is under way
};

// What an exchange brings, told on the pool's thread.
struct ExchangeEvents {
  std::function<void()> answered;  // the head of an answer that is no refusal
  std::function<void(std::string text, int status)> message;
};

class HttpServerSide {
 public:
  explicit HttpServerSide(HttpOptions options);
  ~HttpServerSide();
  const HttpOptions& options() const { return options_; }

  // Nothing: it ended in order.
  std::optional<ClientFailure> carry_out(HttpExchange& exchange, const ExchangeEvents& events);
  void end_session(const std::vector<Header>& headers);

 private:
  struct Answer;
  Result<std::vector<Header>> credentials(const std::string& method) const;
  std::optional<ClientFailure> transfer(httplib::Client& client, HttpExchange& exchange, const ExchangeEvents& events,
                                        Answer& answer);
  std::optional<ClientFailure> judge(Answer& answer, const HttpExchange& exchange, const ExchangeEvents& events) const;
  std::unique_ptr<httplib::Client> take_connection(Duration timeout);
  void give_back(std::unique_ptr<httplib::Client> client);

  HttpOptions options_;
  Guarded<std::vector<std::unique_ptr<httplib::Client>>> idle_;
};

}  // namespace carillon::transport
