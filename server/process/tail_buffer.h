// TailBuffer: the last so many bytes of a stream, for a child's stderr. One thread at a time; wrap it in Guarded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carillon::process {

class TailBuffer {
 public:
  explicit TailBuffer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void append(std::string_view bytes) {
    total_ += bytes.size();
    if (bytes.size() >= bytes_max_) {
      text_.assign(bytes.substr(bytes.size() - bytes_max_));
      return;
    }
    // Cut only when twice the size has gathered, so that a flood costs no memmove a line.
    text_.append(bytes);
    if (text_.size() > 2 * bytes_max_) text_.erase(0, text_.size() - bytes_max_);
  }
  std::string tail() const { return text_.size() <= bytes_max_ ? text_ : text_.substr(text_.size() - bytes_max_); }
  std::size_t total() const { return total_; }

 private:
  std::size_t bytes_max_;
  std::size_t total_ = 0;
  std::string text_;
};

inline constexpr std::size_t kErrorTailBytes = 64u << 10;

}  // namespace carillon::process
