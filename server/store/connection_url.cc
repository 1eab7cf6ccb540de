#include "server/store/connection_url.h"

#include <algorithm>

namespace carillon {

std::string with_defaults(std::string_view url, const std::vector<std::pair<std::string, std::string>>& defaults) {
  const bool uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
  std::string added;
  for (const auto& [name, value] : defaults) added += uri ? name + "=" + value + "&" : name + "=" + value + " ";
  if (!uri) return added + std::string{url};
  const auto question = url.find('?');
  if (question != std::string_view::npos)
    return std::string{url.substr(0, question + 1)} + added + std::string{url.substr(question + 1)};
  if (!added.empty()) added.pop_back();
  return std::string{url} + "?" + added;
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
