#include "transport/allowed_hosts.h"

#include <algorithm>

#include "server/base/ascii.h"

namespace carillon::transport {
namespace {

struct HostPattern {
  std::string host;
  std::string port;  // empty: any, but public addresses only
};

HostPattern read_pattern(const std::string& text) {
  const auto colon = text.rfind(':');
  const bool six = text.find(']') != std::string::npos;
  if (colon == std::string::npos || (six && colon < text.find(']'))) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string port_of(const HttpAddress& address) {
  const auto colon = address.origin.rfind(':');
  if (colon != std::string::npos && colon > 6 &&
      address.origin.find_first_not_of("0123456789", colon + 1) == std::string::npos)
    return address.origin.substr(colon + 1);
  return address.origin.starts_with("https") ? "443" : "80";
}

bool host_matches(const std::string& pattern, const std::string& host) {
  if (pattern.starts_with("*.")) return host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
  return pattern == host || pattern == "[" + host + "]";
}

}  // namespace

std::optional<HttpAddress> allowed_address(const std::string& url, const std::vector<std::string>& hosts) {
  auto address = parse_http_address(url);
  if (!address) return std::nullopt;
  for (const auto& text : hosts) {
    const auto pattern = read_pattern(lower_case(text));
    if (host_matches(pattern.host, lower_case(address->host)) &&
        (pattern.port.empty() || pattern.port == port_of(*address)))
      return address;
  }
  return std::nullopt;
}

bool may_be_private(const HttpAddress& address, const std::vector<std::string>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(), [&](const auto& text) {
    const auto pattern = read_pattern(lower_case(text));
    return !pattern.port.empty() && host_matches(pattern.host, lower_case(address.host)) &&
           pattern.port == port_of(address);
  });
}

}  // namespace carillon::transport
