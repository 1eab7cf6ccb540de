// LineConnection: text lines over a pair of descriptors, in and out, for stdio and for sockets.
//
// One thread calls run() and gets every line; any thread may write. Both directions are bounded: a line that is too
// long is skipped and reported instead of kept, and a peer that does not read is given up when too much waits for it.
// Writing never blocks the writer: what the peer does not take at once is sent from run(). Descriptors stay the
// owner's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/process/unique_fd.h"

namespace carillon::transport {

struct LineLimits {
  std::size_t line_bytes_max = 16 * 1024 * 1024;
  std::size_t unsent_bytes_max = 64 * 1024 * 1024;
};

struct LineEvents {
  std::function<void(std::string_view)> line;  // without its \n or \r\n; empty lines are left out
  std::function<void()> too_long;
  // Asked at the end of input and whenever something was sent since: true keeps run() going to send more.
  std::function<bool()> has_more_to_send;
};

class LineConnection {
 public:
  enum class End {
    closed,   // the other side closed its end, and everything was sent
    broken,   // it is gone, or did not read what was sent
    stopped,  // we were asked to stop
  };

  LineConnection(int in, int out, LineLimits limits);
  LineConnection(const LineConnection&) = delete;
  LineConnection& operator=(const LineConnection&) = delete;

  // Returns at the end of input, but not before has_more_to_send() is false or `drain` has passed.
  End run(const LineEvents& events, std::chrono::milliseconds drain, const std::stop_token& stop);
  // False once the other side is gone.
  bool write_line(std::string text);
  // Called from inside an event: reads no further, as if the other side had closed its end.
  void end_input() { input_ended_ = true; }
  bool broken() const { return broken_; }

 private:
  enum class Read { more, end_of_input };
  Read read_some(const LineEvents& events);
  void take_bytes(std::string_view bytes, const LineEvents& events);
  void take_line(std::string_view line, const LineEvents& events);
  void send_unsent();
  std::size_t send_now(std::string_view bytes);
  bool has_unsent();
  bool wait(int timeout_ms, short in_events);
  void wake();

  const int in_;
  const int out_;
  const LineLimits limits_;
  const bool out_is_socket_;
  process::UniqueFd wake_;
  std::mutex write_mutex_;
  std::string unsent_;
  std::size_t unsent_from_ = 0;
  std::string partial_;  // of a line, read so far
  bool skipping_ = false;
  bool readable_ = false;
  std::atomic<bool> input_ended_{false};
  std::atomic<bool> broken_{false};
};

}  // namespace carillon::transport
