#include "server/store/connection_url.h"

#include <algorithm>

#include "server/base/ascii.h"

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

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    decoded += escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

// "postgresql://user:PASSWORD@host/…" and "…?password=PASSWORD&…"
std::vector<std::string_view> uri_passwords(std::string_view url) {
  std::vector<std::string_view> found;
  const auto begin = url.find("://") + 3;
  const auto authority = url.substr(begin, url.find_first_of("/?", begin) - begin);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at != std::string_view::npos && colon < at) found.push_back(authority.substr(colon + 1, at - colon - 1));
  for (auto next = url.find("password="); next != std::string_view::npos; next = url.find("password=", next + 1)) {
    const auto value = url.substr(next + 9);
    found.push_back(value.substr(0, value.find('&')));
  }
  return found;
}

// "… password=PASSWORD …" or "… password = 'PASS\'WORD' …"
std::string keyword_password(std::string_view url) {
  auto at = url.rfind("password");
  if (at == std::string_view::npos) return "";
  at = url.find_first_not_of(" =", at + 8);
  if (at == std::string_view::npos) return "";
  const bool quoted = url[at] == '\'';
  std::string password;
  for (std::size_t i = quoted ? at + 1 : at; i < url.size() && url[i] != (quoted ? '\'' : ' '); ++i) {
    if (url[i] == '\\' && i + 1 < url.size()) ++i;
    password += url[i];
  }
  return password;
}

}  // namespace

std::vector<std::string> secrets_in(std::string_view url) {
  std::vector<std::string> secrets{std::string{url}};
  if (!is_uri(url)) {
    secrets.push_back(keyword_password(url));
    return secrets;
  }
  for (const auto password : uri_passwords(url)) {
    secrets.emplace_back(password);
    secrets.push_back(percent_decoded(password));
  }
  return secrets;
}

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
