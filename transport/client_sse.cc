#include "transport/client_sse.h"

namespace carillon::transport {

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
  if (line.empty()) {
    if (has_data_ && !data_.empty()) events.push_back(std::move(data_));
    data_.clear();
    has_data_ = false;
    return;
  }
  if (!line.starts_with("data")) return;
  line.remove_prefix(4);
  if (!line.empty() && line.front() != ':') return;  // a field whose name only begins so
  if (!line.empty()) line.remove_prefix(1);
  if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  if (has_data_) data_.push_back('\n');
  data_.append(line);
  has_data_ = true;
}

}  // namespace carillon::transport
