#include "server/store/column.h"

#include <stdexcept>

namespace carillon {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::runtime_error("a bytea column is not in hex form");
}

}  // namespace

void unexpected_null(const char* column) { throw std::runtime_error("column " + std::string{column} + " is NULL"); }

// begin_tx asks for ISO dates in UTC: "2026-11-20 13:00:00.123456+00".
Instant instant_of_text(std::string_view timestamptz) {
  if (timestamptz == "infinity") return Instant::max();
  if (timestamptz == "-infinity") return Instant::min();
  std::string text{timestamptz};
  if (text.size() > 13 && text[10] == ' ') text[10] = 'T';
  if (text.ends_with("+00")) text.replace(text.size() - 3, 3, "Z");
  const auto instant = parse_rfc3339(text);
  if (!instant) throw std::runtime_error("cannot read the time " + std::string{timestamptz});
  return *instant;
}

std::string bytes_of_text(std::string_view bytea) {
  if (!bytea.starts_with("\\x") || bytea.size() % 2 != 0) throw std::runtime_error("a bytea column is not in hex form");
  std::string bytes;
  bytes.reserve(bytea.size() / 2 - 1);
  for (std::size_t i = 2; i < bytea.size(); i += 2)
    bytes += static_cast<char>(hex_digit(bytea[i]) << 4 | hex_digit(bytea[i + 1]));
  return bytes;
}

std::vector<std::string> array_of_text(std::string_view array) {
  std::vector<std::string> elements;
  if (array.size() < 2 || array.front() != '{') throw std::runtime_error("a column is not a one-dimensional array");
  std::string element;
  bool inside_quotes = false, any = false;
  for (std::size_t i = 1; i < array.size(); ++i) {
    const char c = array[i];
    if (inside_quotes && c == '\\') {
      element += array[++i];
    } else if (c == '"') {
      inside_quotes = !inside_quotes;
      any = true;
    } else if (!inside_quotes && (c == ',' || c == '}')) {
      if (any || !element.empty()) elements.push_back(std::move(element));
      element.clear();
      any = false;
    } else {
      element += c;
    }
  }
  return elements;
}

}  // namespace carillon
