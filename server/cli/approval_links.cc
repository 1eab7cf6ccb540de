#include "server/cli/approval_links.h"

#include <algorithm>

#include "server/web/approvals.h"
#include "transport/client_http.h"
#include "transport/sealed_state.h"
#include "transport/sha256.h"

namespace carillon::cli {
namespace {

constexpr std::size_t kTokenBytes = 32;

}  // namespace

MadeLink new_approval_link(const std::string& base) {
  const std::string token = transport::random_token(kTokenBytes);
  return {base + std::string{web::kApprovalPath} + token, transport::to_hex(transport::sha256(token))};
}

bool may_have_link(const std::string& target, const std::vector<std::string>& targets) {
  constexpr std::string_view kAnybody = "email:*@";
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& each) {
    if (!each.starts_with(kAnybody)) return target == each;
    return target.starts_with("email:") && target.substr(target.rfind('@') + 1) == each.substr(kAnybody.size());
  });
}

Status check_http_url(const std::string& url) {
  if (url.empty() || transport::parse_http_address(url)) return Done{};
  return Error{ErrorCode::conflict,
               "http.url is '" + url + "'; write it as https://host, for example " + "https://carillon.example.com"};
}

std::string host_of_url(const std::string& url) {
  const auto address = transport::parse_http_address(url);
  if (!address) return "";
  std::string host = address->origin.substr(address->origin.find("://") + 3);
  const std::size_t bracket = host.rfind(']'), colon = host.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) host.resize(colon);
  return host;
}

std::string link_base(const std::string& url, const std::string& listening) {
  if (url.empty()) return listening;
  return url.substr(0, url.find_last_not_of('/') + 1);
}

}  // namespace carillon::cli
