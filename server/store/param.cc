#include "server/store/param.h"

#include <array>
#include <charconv>
#include <stdexcept>

namespace carillon {
namespace {

// bytea's hex form: shorter to make and to read than the escaped one, and independent of settings.
std::string hex_text(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string quoted_element(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

Param::Param(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text_.emplace(digits.data(), end.ptr);
}

Param::Param(std::string_view text) : text_(text) {
  if (text.find('\0') != std::string_view::npos) throw std::invalid_argument("text for the database holds a NUL byte");
}

Param::Param(const Bytes& bytes) : text_(hex_text(bytes.data)) {}

Param::Param(Instant instant) {
  if (instant == Instant::max())
    text_ = "infinity";
  else if (instant == Instant::min())
    text_ = "-infinity";
  else
    text_ = to_rfc3339(instant);
}

Param::Param(Duration duration) : text_(std::to_string(duration.count()) + " microseconds") {}

std::string Param::array_text(const std::vector<Param>& elements) {
  std::string text = "{";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    text += element.text_ ? quoted_element(*element.text_) : "NULL";
  }
  return text + '}';
}

}  // namespace carillon
