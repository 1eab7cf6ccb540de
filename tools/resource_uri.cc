#include "tools/resource_uri.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/ascii.h"
#include "server/base/check.h"
#include "server/base/json.h"

namespace carillon::tools {
namespace {

constexpr std::string_view kAfterScheme = "://";
constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

bool is_unreserved(char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

std::optional<int> hex_value(char c) {
  const auto at = kLowerHex.find(lower_case(c));
  return at == std::string_view::npos ? std::nullopt : std::optional{static_cast<int>(at)};
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0;;) {
    const std::size_t slash = text.find('/', from);
    parts.push_back(text.substr(from, slash - from));
    if (slash == std::string_view::npos) return parts;
    from = slash + 1;
  }
}

bool is_plain_text(const std::string& text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control)) return false;
  try {
    return !json(text).dump().empty();  // throws on invalid UTF-8
  } catch (const json::exception&) {
    return false;
  }
}

std::optional<std::string> decode_segment(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_value(text[i + 1]);
    const auto low = hex_value(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  if (decoded.empty() || !is_plain_text(decoded)) return std::nullopt;
  return decoded;
}

bool is_variable(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }
std::string name_of_variable(std::string_view segment) { return std::string(segment.substr(1, segment.size() - 2)); }

}  // namespace

std::optional<ResourceUri> parse_uri(std::string_view text) {
  if (text.size() > kUriBytesMax) return std::nullopt;
  const std::size_t end = text.find(kAfterScheme);
  if (end == std::string_view::npos || end == 0 || !is_letter(text.front())) return std::nullopt;
  ResourceUri uri;
  for (const char c : text.substr(0, end)) uri.scheme += lower_case(c);
  std::string_view rest = text.substr(end + kAfterScheme.size());
  // Some clients put a slash behind an authority that stands alone.
  if (rest.size() > 1 && rest.back() == '/') rest.remove_suffix(1);
  for (const auto part : split(rest)) {
    auto segment = decode_segment(part);
    if (!segment) return std::nullopt;
    uri.segments.push_back(std::move(*segment));
  }
  return uri;
}

std::string encode_segment(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kUpperHex[byte >> 4U];
    encoded += kUpperHex[byte & 15U];
  }
  return encoded;
}

std::optional<Variables> match_uri(std::string_view pattern, const ResourceUri& uri) {
  const std::size_t end = pattern.find(kAfterScheme);
  if (pattern.substr(0, end) != uri.scheme) return std::nullopt;
  const auto parts = split(pattern.substr(end + kAfterScheme.size()));
  if (parts.size() != uri.segments.size()) return std::nullopt;
  Variables variables;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_variable(parts[i]))
      variables.emplace(name_of_variable(parts[i]), uri.segments[i]);
    else if (parts[i] != uri.segments[i])
      return std::nullopt;
  }
  return variables;
}

std::string fill_uri(std::string_view pattern, const std::vector<std::string_view>& values) {
  std::string filled;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      filled += pattern[i];
      continue;
    }
    CARILLON_CHECK(next < values.size());
    filled += encode_segment(values[next++]);
    i = pattern.find('}', i);
  }
  CARILLON_CHECK(next == values.size());
  return filled;
}

}  // namespace carillon::tools
