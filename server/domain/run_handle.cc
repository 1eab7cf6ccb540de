#include "server/domain/run_handle.h"

#include <charconv>

namespace carillon {
namespace {

template <class Number>
bool read_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0;
}

}  // namespace

std::string to_string(const RunHandle& handle) {
  std::string text = handle.task + '#' + std::to_string(handle.number);
  if (handle.retry > 1) text += '.' + std::to_string(handle.retry);
  return text;
}

std::optional<RunHandle> parse_run_handle(std::string_view text) {
  const std::size_t hash = text.rfind('#');
  if (hash == std::string_view::npos || hash == 0) return std::nullopt;
  RunHandle handle{std::string{text.substr(0, hash)}};
  std::string_view number = text.substr(hash + 1);
  const std::size_t dot = number.find('.');
  if (dot != std::string_view::npos) {
    if (!read_whole(number.substr(dot + 1), handle.retry)) return std::nullopt;
    number = number.substr(0, dot);
  }
  if (!read_whole(number, handle.number)) return std::nullopt;
  return handle;
}

}  // namespace carillon
