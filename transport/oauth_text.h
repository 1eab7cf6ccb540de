// The texts of OAuth 2.1 as MCP uses it: challenges, addresses of metadata, form bodies, PKCE, scopes. What comes from
// the network is untrusted: bounded, and nonsense is passed over.
//
// Pure functions and values (but for new_pkce, which draws randomness); thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carillon::transport {

// One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1); names in lower case.
struct AuthChallenge {
  std::string scheme;
  std::map<std::string, std::string> params;
};
std::vector<AuthChallenge> parse_challenges(std::string_view header);
// The parameter of the first Bearer or DPoP challenge that has it; empty if none has.
std::string challenge_param(const std::vector<AuthChallenge>& challenges, const std::string& name);

using FormFields = std::vector<std::pair<std::string, std::string>>;
std::string percent_encode(std::string_view text);
std::string form_encode(const FormFields& fields);  // fields without a value are left out
// The parameters of an address's query; the first of each name.
std::map<std::string, std::string> query_params(std::string_view url);

// Where a server's resource metadata may be if it does not say so (RFC 9728 §3.1), best first.
std::vector<std::string> resource_metadata_urls(const std::string& server_url);
// Where an issuer's metadata may be (RFC 8414 §3.1, OpenID Connect Discovery, and both joined), best first.
std::vector<std::string> issuer_metadata_urls(const std::string& issuer);
// Whether metadata for `resource` may speak for the server: the same origin, and the server's path within the
// resource's.
bool resource_covers(const std::string& resource, const std::string& server_url);
std::string origin_of(const std::string& url);      // empty: no http or https address
std::string without_query(const std::string& url);  // nor fragment

struct Pkce {
  std::string verifier, challenge;  // S256
};
Pkce pkce_of(std::string verifier);
Pkce new_pkce();

// Sets of scopes as text, separated by blanks, in the order in which they came.
std::string scope_union(std::string_view one, std::string_view other);
bool scope_includes(std::string_view all, std::string_view wanted);

}  // namespace carillon::transport
