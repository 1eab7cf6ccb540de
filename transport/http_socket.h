// HttpSocket: one accepted connection, with the limits that the HTTP library beneath does not keep.
//
// It reads the whole head of a request before the library sees a byte of it (count, size and time limited, lengths
// checked), hands the body over under a deadline, gathers small writes, and notices that the client went away. One
// thread owns it; only shut() may come from another.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/process/unique_fd.h"
#include "transport/http_server.h"

namespace carillon::transport {

class HttpSocket {
 public:
  // `stopping` is a descriptor that becomes readable when the server stops.
  HttpSocket(int fd, int stopping, const HttpLimits& limits);

  enum class Head { ready, closed, malformed, too_large, too_many, too_slow, body_too_large };
  // Waits for the first byte of the next request; false when the client closed, was idle too long, or we stop.
  bool wait_for_request();
  Head read_head();

  // Facts of the head that was read.
  bool has_body() const { return chunked_ || content_length_ > 0; }
  std::uint64_t content_length() const { return content_length_; }
  bool chunked() const { return chunked_; }

  // For the library: bytes of the head and the body; -1 after the deadline or when the client is gone.
  ssize_t read(char* into, std::size_t size);
  bool write(std::string_view bytes);
  bool flush();
  bool failed() const { return failed_; }

  enum class Wait { woken, gone, silence, stopping };
  // Sleeps until `wake` is readable, the client closes its end, or `silence` has passed (0: any time).
  Wait wait(int wake, std::chrono::milliseconds silence);

  // Says goodbye such that a client still sending can read the answer first.
  void linger();
  void shut() const;
  int fd() const { return fd_.get(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Ready { yes, late, stopping };
  Ready wait_ready(short events, Time deadline) const;
  enum class Filled { more, closed, late };
  Filled fill(Time deadline);
  Head take_head(std::size_t length);
  bool take_header(std::string_view line);

  const process::UniqueFd fd_;
  const int stopping_;
  const HttpLimits& limits_;
  std::string in_;
  std::size_t in_from_ = 0;
  std::string head_;  // rewritten for the library
  std::size_t head_from_ = 0;
  std::string out_;
  Time body_deadline_{};
  std::uint64_t content_length_ = 0;
  bool has_length_ = false;
  bool chunked_ = false;
  bool failed_ = false;
};

}  // namespace carillon::transport
