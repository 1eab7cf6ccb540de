// Which addresses somebody has allowed us to reach: "example.com" and "*.example.com" on any port, at public addresses
// only; "intranet:8080" on that port, at private addresses as well, because somebody meant it.
//
// Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transport/client_http.h"

namespace carillon::transport {

// The address, taken apart, when one of the hosts allows it.
std::optional<HttpAddress> allowed_address(const std::string& url, const std::vector<std::string>& hosts);
// Whether one of them names its port.
bool may_be_private(const HttpAddress& address, const std::vector<std::string>& hosts);

}  // namespace carillon::transport
