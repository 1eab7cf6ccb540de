// Server-sent events, read as they come: bytes in, the data of whole events out. Comments and unknown fields are passed
// over; an event larger than the limit ends the reading, because an endless line would be an endless buffer. The id of
// the last event and the server's wish for the pause before a reconnection are kept for whoever resumes the stream.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"

namespace carillon::transport {

class SseReader {
 public:
  explicit SseReader(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // The data of each event that these bytes complete. Events without data (keep-alive, priming) are left out.
  std::vector<std::string> take(std::string_view bytes);
  bool overflowed() const { return overflowed_; }
  const std::string& last_event_id() const { return last_event_id_; }
  std::optional<Duration> retry() const { return retry_; }

 private:
  void take_line(std::string_view line, std::vector<std::string>& events);
  void end_event(std::vector<std::string>& events);

  std::size_t event_bytes_max_;
  std::string line_, data_, id_, last_event_id_;
  std::optional<Duration> retry_;
  bool has_data_ = false;
  bool after_carriage_return_ = false;
  bool overflowed_ = false;
};

}  // namespace carillon::transport
