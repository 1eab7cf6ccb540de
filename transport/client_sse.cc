#include "transport/client_sse.h"

#include <algorithm>
#include <charconv>

namespace carillon::transport {
namespace {
constexpr std::size_t kEventIdBytesMax = 4096;
}

std::vector<std::string> SseReader::take(std::string_view bytes) {
  std::vector<std::string> events;
  while (!bytes.empty() && !overflowed_) {
    if (after_carriage_return_ && bytes.front() == '\n') bytes.remove_prefix(1);  // CR LF is one line end
    after_carriage_return_ = false;
    const auto end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) {
      line_.append(bytes);
      bytes = {};
    } else {
      line_.append(bytes.substr(0, end));
      after_carriage_return_ = bytes[end] == '\r';
      bytes.remove_prefix(end + 1);
      take_line(line_, events);
      line_.clear();
    }
    if (line_.size() + data_.size() > event_bytes_max_) overflowed_ = true;
  }
  return events;
}

void SseReader::take_line(std::string_view line, std::vector<std::string>& events) {
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // a byte order mark may open the stream
  if (line.empty()) return end_event(events);
  const auto colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (field == "id" && value.size() <= kEventIdBytesMax && value.find('\0') == std::string_view::npos) {
    id_ = value;
  } else if (field == "retry") {
    std::int64_t milliseconds = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    const bool is_number = problem == std::errc{} && end == value.data() + value.size() && milliseconds >= 0;
    if (is_number) retry_ = std::chrono::milliseconds{std::min<std::int64_t>(milliseconds, 86'400'000)};
  }
}

void SseReader::end_event(std::vector<std::string>& events) {
  last_event_id_ = id_;  // a priming event has an id and no data
  if (has_data_ && !data_.empty()) events.push_back(std::move(data_));
  data_.clear();
  has_data_ = false;
}

}  // namespace carillon::transport
