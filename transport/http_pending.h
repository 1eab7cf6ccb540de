// PendingReply: an answer on its way from whichever thread a handler completes it on to the loop that has the
// connection. Bounded: a stream whose reader is too slow is given up. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "transport/http_handler.h"
#include "transport/http_mailbox.h"

namespace carillon::transport {

class PendingReply {
 public:
  // Whenever there is something to take, `connection` is put into the mailbox.
  PendingReply(std::shared_ptr<HttpMailbox> mailbox, std::uint64_t connection, std::size_t unsent_max)
      : mailbox_(std::move(mailbox)), connection_(connection), unsent_max_(unsent_max) {}

  // What handlers get: when the last handle goes without an answer, the answer is a 500.
  static std::shared_ptr<HttpReply> handle(const std::shared_ptr<PendingReply>& pending);
  std::stop_token gone_token() const { return gone_.get_token(); }

  // For the connection's loop.
  std::optional<HttpResponse> take_head();
  bool answered() const;
  bool streams() const;
  bool given_up() const;
  struct Pieces {
    std::string bytes;
    enum class State { open, finished, given_up } state = State::open;
  };
  Pieces take_pieces();
  // The client has gone: handlers are told, what they still send is dropped.
  void client_gone();

 private:
  class Handle;
  void tell() { mailbox_->put(connection_); }

  const std::shared_ptr<HttpMailbox> mailbox_;
  const std::uint64_t connection_;
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
