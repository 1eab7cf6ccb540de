// What a server that takes OAuth tokens tells those who have none: its metadata (RFC 9728), which names who gives
// tokens for it, and the challenge of a refusal (RFC 6750), which names the metadata. Which tokens are good is the
// Authenticator's business.
//
// Values and pure functions; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "transport/http_handler.h"

namespace carillon::transport {

struct ProtectedResource {
  std::string address;               // of the MCP endpoint as clients reach it: https://example.com/mcp
  std::vector<std::string> issuers;  // at least one
  std::vector<std::string> scopes;   // the least that makes the server useful; never offline_access
};

// Where the metadata is: /.well-known/oauth-protected-resource and the endpoint's path.
std::string metadata_address(const ProtectedResource& resource);
// Serves it there and at the root, to everybody.
std::vector<HttpRoute> metadata_routes(const ProtectedResource& resource);

// Why a request may not pass, in the words of RFC 6750 §3.1.
enum class TokenProblem {
  missing,             // 401
  invalid_token,       // 401: unknown, expired, of another server
  insufficient_scope,  // 403
  invalid_request,     // 400: the header cannot be read
};
// `scopes`: all that the operation needs, so that one more sign-in is enough.
Denied refuse_token(const ProtectedResource& resource, TokenProblem problem, const std::vector<std::string>& scopes);

}  // namespace carillon::transport
