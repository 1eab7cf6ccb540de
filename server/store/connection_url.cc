#include "server/store/connection_url.h"

#include <algorithm>

namespace carillon {

namespace {

bool is_uri(std::string_view url) { return url.starts_with("postgresql://") || url.starts_with("postgres://"); }

// Everything but letters and digits, so that no value can end its parameter.
std::string percent_encoded(std::string_view value) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::string parameters(const std::vector<std::pair<std::string, std::string>>& pairs, bool uri) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (!text.empty()) text += uri ? "&" : " ";
    text += name + "=" + (uri ? percent_encoded(value) : quoted_value(value));
  }
  return text;
}

}  // namespace

std::string with_defaults(std::string_view url, const std::vector<std::pair<std::string, std::string>>& defaults) {
  const std::string added = parameters(defaults, is_uri(url));
  if (!is_uri(url)) return added + " " + std::string{url};
  const auto question = url.find('?');
  if (question == std::string_view::npos) return std::string{url} + "?" + added;
  return std::string{url.substr(0, question + 1)} + added + "&" + std::string{url.substr(question + 1)};
}

std::string with_overrides(std::string_view url, const std::vector<std::pair<std::string, std::string>>& overrides) {
  const std::string added = parameters(overrides, is_uri(url));
  if (!is_uri(url)) return std::string{url} + " " + added;
  return std::string{url} + (url.find('?') == std::string_view::npos ? "?" : "&") + added;
}

std::string connection_string(std::string_view url, Duration connect_timeout) {
  const auto seconds = std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(connect_timeout).count());
  return with_defaults(url, {{"application_name", "carillon"},
                             {"connect_timeout", std::to_string(seconds)},
                             {"target_session_attrs", "read-write"},
                             {"keepalives_idle", "10"},
                             {"keepalives_interval", "5"},
                             {"keepalives_count", "3"},
                             {"tcp_user_timeout", "30000"}});
}

std::string quoted_value(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace carillon
