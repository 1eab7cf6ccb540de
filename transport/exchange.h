// Exchange: one request being answered, from its arrival to its one reply.
//
// It is the RequestChannel a service talks to. It promises: at most one reply; nothing after the reply or after a
// cancellation; progress only for a token and only rising; log lines only at the level asked for. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "transport/json_rpc.h"
#include "transport/protocol.h"
#include "transport/request_context.h"

namespace carillon::transport {

// Where the messages that belong to one request leave. Implemented by each transport; called by one exchange at a time,
// under that exchange's lock: so a sink never calls back into one.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  // A notification or a request of the server, before the reply.
  virtual void send(std::string text) = 0;
  // The reply, last. The status is HTTP's; it counts only while nothing was sent before.
  virtual void reply(int status, std::string text) = 0;
  // There will be no reply: the request was cancelled.
  virtual void abandon() = 0;
  virtual void drop_stream(std::chrono::milliseconds /*retry*/) {}
};

class Exchange final : public RequestChannel {
 public:
  struct Terms {
    json id;
    json progress_token = nullptr;        // null: none was given
    std::optional<LogLevel> log_level{};  // nothing: no log messages wanted
    Revision revision = kNewestModern;    // what the client can read
    std::size_t bytes = 0;                // of the request's text, held until it is answered
  };

  Exchange(Terms terms, std::shared_ptr<MessageSink> sink) : terms_(std::move(terms)), sink_(std::move(sink)) {}

  const json& id() const { return terms_.id; }
  std::size_t bytes() const { return terms_.bytes; }
  std::stop_token stop_token() const { return stop_.get_token(); }

  void report(const Progress& progress) override;
  void log(LogLevel level, const json& data) override;
  void drop_stream(std::chrono::milliseconds retry) override;

  // Sends a message that belongs to this request. False once it is over.
  bool send(std::string text);
  // Answers. False if it was answered or cancelled before.
  bool reply(int status, std::string text);
  // Takes the request back: the service is told, the client gets nothing more. `last` goes out before the silence.
  bool cancel(std::optional<std::string> last = std::nullopt);
  bool over() const { return over_; }
  // A listening stream: it has no end of its own, so nobody waits for it.
  void mark_endless() { endless_ = true; }
  bool endless() const { return endless_; }

  // Called once when the exchange is over, however it ended. Set before it starts.
  void on_end(std::function<void()> then) { on_end_ = std::move(then); }

 private:
  bool end();

  const Terms terms_;
  const std::shared_ptr<MessageSink> sink_;
  std::stop_source stop_;
  std::function<void()> on_end_;
  std::mutex mutex_;
  std::atomic<bool> over_{false};  // set under the mutex; read anywhere
  std::atomic<bool> endless_{false};
  double progress_ = 0;
  bool progressed_ = false;
};

}  // namespace carillon::transport
