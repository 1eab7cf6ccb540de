// PendingReply: an answer on its way from whichever thread a handler completes it on to the thread that owns the
// connection. Bounded: a stream whose reader is too slow is given up. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "server/process/unique_fd.h"
#include "transport/http_handler.h"

namespace carillon::transport {

// Wakes a thread that polls a descriptor. Thread-safe.
class Waker {
 public:
  Waker();
  int fd() const { return fd_.get(); }
  void wake();
  void clear();

 private:
  process::UniqueFd fd_;
};

class PendingReply {
 public:
  PendingReply(std::shared_ptr<Waker> waker, std::size_t unsent_max)
      : waker_(std::move(waker)), unsent_max_(unsent_max) {}

  // What handlers get: when the last handle goes without an answer, the answer is a 500.
  static std::shared_ptr<HttpReply> handle(const std::shared_ptr<PendingReply>& pending);
  std::stop_token gone_token() const { return gone_.get_token(); }

  // For the connection's thread.
  std::optional<HttpResponse> take_head();
  bool streams() const;
  struct Pieces {
    std::string bytes;
    enum class State { open, finished, given_up } state = State::open;
  };
  Pieces take_pieces();
  // The client has gone: handlers are told, what they still send is dropped.
  void client_gone();

 private:
  class Handle;

  const std::shared_ptr<Waker> waker_;
  const std::size_t unsent_max_;
  std::stop_source gone_;
  mutable std::mutex mutex_;
  std::optional<HttpResponse> head_;
  bool answered_ = false;
  bool streams_ = false;
  bool finished_ = false;
  bool given_up_ = false;
  std::string unsent_;
};

}  // namespace carillon::transport
