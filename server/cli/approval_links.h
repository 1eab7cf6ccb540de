// Links of approvals: 256 random bits behind the address at which this installation's pages are served. Who makes one
// gives its hash to the engine and tells the link once. Pure but for the random bits; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/engine/post.h"

namespace carillon::cli {

// `base`: "http://127.0.0.1:8930".
MadeLink new_approval_link(const std::string& base);

// Whether `targets` (delivery.approval_links) name it: as it is, or all of a host ("email:*@example.com").
bool may_have_link(const std::string& target, const std::vector<std::string>& targets);

// http.url is empty, or "https://host", perhaps with a path in front of ours. Errors: conflict.
Status check_http_url(const std::string& url);
// The host that it names, without a port; empty: none.
std::string host_of_url(const std::string& url);
// Where links lead: to `url` (http.url), else to where the endpoint listens; empty: nowhere.
std::string link_base(const std::string& url, const std::string& listening);

}  // namespace carillon::cli
