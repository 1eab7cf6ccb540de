// HttpConnection: one accepted connection, as a state machine over a non-blocking socket.
//
// It reads requests within the limits, writes answers and streams, notices that the client went away, and says when it
// has to be looked at again at the latest. It never waits. It belongs to its loop (http_loop.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/process/unique_fd.h"
#include "transport/http_io.h"
#include "transport/http_mailbox.h"
#include "transport/http_message.h"
#include "transport/http_pending.h"

namespace carillon::transport {

class HttpConnection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What all connections of a loop share.
  struct Surroundings {
    const HttpLimits& limits;
    const HttpApp& app;
    std::shared_ptr<HttpMailbox> mailbox;
    std::string read_buffer;  // its size is what is read at once
  };

  HttpConnection(process::UniqueFd fd, std::uint64_t id, Surroundings& around);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  int fd() const { return fd_.get(); }

  // What epoll told of the socket.
  void note(std::uint32_t events);

  // Goes on as far as it can without waiting. ready: a request is complete, to be taken and handled; then step() again.
  // closed: nothing more will come of it.
  enum class Step { wait, ready, closed };
  Step step(Time now);

  struct Work {
    HttpRequest request;
    std::shared_ptr<PendingReply> pending;
  };
  Work take_request();

  // When step() wants to be called even if nothing happens.
  Time deadline() const;
  // Since when it has been waiting for a request; nothing while it has one.
  std::optional<Time> idle_since() const;

  // Answers whatever comes with this, and closes.
  void refuse(const HttpResponse& response, Time now);
  // The server stops: what is not answered yet is refused.
  void stop();

 private:
  enum class State { reading_head, reading_body, ready, answering, streaming, closing, lingering, closed };

  // False: nothing can be done now.
  bool advance(Time now);
  void expire(Time now);
  bool read_head(Time now);
  void take_head(HttpHead head, Time now);
  bool read_body(Time now);
  bool send_answer(Time now);
  bool send_pieces(Time now);
  void append_piece(std::string_view piece);
  void write_answer(const HttpResponse& response, Time now);
  void finish_answer(Time now);
  bool shut(Time now);
  bool discard();
  void lose();
  void enter(State state, Time deadline);

  bool fill();
  void forget_taken();
  bool flush(Time now);
  bool has_unsent() const { return out_from_ < out_.size(); }
  std::string_view heard() const { return std::string_view{in_}.substr(in_from_); }
  Afterwards afterwards() const { return keep_ ? Afterwards::keep : Afterwards::close; }

  const process::UniqueFd fd_;
  const std::uint64_t id_;
  Surroundings& around_;
  State state_ = State::reading_head;
  Time deadline_{};
  Time since_{};  // without a request

  std::string in_;
  std::size_t in_from_ = 0;
  std::size_t searched_ = 0;  // of what was heard: has no end of a head
  bool readable_ = true;
  bool hung_up_ = false;

  HttpHead head_;
  HttpBody body_;
  std::optional<HttpResponse> refusal_;  // once the body has been read
  bool keep_ = true;
  std::shared_ptr<PendingReply> pending_;
  bool answers_head_ = false;  // HEAD: the answer has no body
  bool chunked_ = false;       // the stream
  bool events_ = false;        // the stream is one of events

  std::string out_;
  std::size_t out_from_ = 0;
  Time write_deadline_ = Time::max();
  std::size_t discarded_ = 0;
};

}  // namespace carillon::transport
