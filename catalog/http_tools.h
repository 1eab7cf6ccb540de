// `carillon.http_get` … `carillon.http_delete`: one request to a server outside that speaks no MCP. They are the work
// of http steps, too.
//
// Only hosts that the configuration names are reached (catalog.http_hosts; for reading catalog.http_get_hosts as well),
// over https; a host that is named with its port may have a private address and speak http. Requests are signed as
// webhooks are (transport/webhook_signature.h). Secrets stand in headers only, each for the hosts that
// catalog.http_secrets names; they are put in here and nowhere before. Redirects are not followed.
//
// The functions of the rows may be called from any thread; they block.
#pragma once

#include <string>
#include <vector>

#include "catalog/builtin.h"
#include "catalog/secrets.h"

namespace carillon::catalog {

struct HttpToolParts {
  CatalogOptions options;
  Vault vault;
  std::string signing_key{};  // of the installation; empty: nothing is signed
};

std::vector<BuiltInTool> http_tools(const HttpToolParts& parts);

}  // namespace carillon::catalog
