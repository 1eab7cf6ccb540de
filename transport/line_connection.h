// LineConnection: text lines over a pair of descriptors, in and out, for stdio and for sockets.
//
// One thread at a time calls round() and gets every line; any thread may write. Both directions are bounded: a line
// that is too long is skipped and reported instead of kept, and a peer that does not read is given up when too much
// waits for it. Writing never blocks the writer: what is written while lines are being taken leaves in one piece
// afterwards, and what the peer does not take at once is sent from round(). Descriptors stay the owner's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
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
  // leave: another thread goes on with the connection; the one that was told the line must not touch it any more.
  enum class After { go_on, leave };
  // The line without its \n or \r\n; empty lines are left out. Its text lasts as long as this thread has the
  // connection.
  std::function<After(std::string_view)> line;
  std::function<void()> too_long;
  // Asked at the end of input and whenever something was sent since: true keeps round() going to send more.
  std::function<bool()> has_more_to_send;
};

class LineConnection {
 public:
  enum class End {
    closed,   // the other side closed its end, and everything was sent
    broken,   // it is gone, or did not read what was sent
    stopped,  // we were asked to stop
  };
  enum class Round { again, over, left };

  LineConnection(int in, int out, LineLimits limits);
  LineConnection(const LineConnection&) = delete;
  LineConnection& operator=(const LineConnection&) = delete;

  // Before the first round. After the end of input, what is being answered may still take as long as `drain`.
  void begin(std::chrono::milliseconds drain, std::stop_token stop);
  // Takes the lines that are there, or waits for some. `left`: an event said so.
  Round round(const LineEvents& events);
  // How it ended; after the round that said so.
  End end() const;

  // False once the other side is gone.
  bool write_line(std::string text);
  // Called from inside an event: reads no further, as if the other side had closed its end.
  void end_input() { skipping_ = input_ended_ = true; }
  bool broken() const { return broken_; }

 private:
  enum class Found { line, nothing, left };
  Round drain_round(const LineEvents& events);
  Found take_next(const LineEvents& events);
  LineEvents::After take_line(std::string_view line, const LineEvents& events);
  void skip_long_line(const LineEvents& events);
  void read_some();
  void forget_taken();

  void write_waiting();
  std::size_t send_now(std::string_view bytes);
  std::size_t unsent_bytes() const { return unsent_.size() - unsent_from_; }
  void wait(int timeout_ms, short in_events);
  void wake();

  const int in_;
  const LineLimits limits_;
  const process::UniqueFd own_out_;  // the out pipe opened once more, as non-blocking
  const int out_;
  const bool out_is_socket_;
  process::UniqueFd wake_;
  std::stop_token stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  std::chrono::milliseconds drain_{};
  std::optional<std::chrono::steady_clock::time_point> drain_until_;

  std::string heard_;         // what was read and not yet taken
  std::size_t taken_ = 0;     // of it: lines that were taken
  std::size_t searched_ = 0;  // of it: has no line end from taken_ to here
  bool skipping_ = false;     // the rest of a line that is too long
  std::atomic<bool> input_ended_{false};
  std::atomic<bool> broken_{false};

  std::mutex write_mutex_;
  std::string unsent_;
  std::size_t unsent_from_ = 0;
  bool sleeps_ = false;  // nobody will send what is written but the writer himself
};

}  // namespace carillon::transport
