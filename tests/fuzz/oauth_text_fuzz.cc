// Challenges, addresses and forms of strangers: read within limits, and what is written reads as the same.
#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"
#include "transport/client_http.h"
#include "transport/oauth_text.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void oauth_text(std::string_view input) {
  const auto [first, second] = two_texts(input);
  const std::string one{first}, other{second};
  for (const auto& challenge : parse_challenges(first)) CARILLON_CHECK(!challenge.scheme.empty());
  static_cast<void>(challenge_param(parse_challenges(first), "scope"));
  static_cast<void>(query_params(first));
  if (!other.empty()) CARILLON_CHECK(query_params("http://h/?" + form_encode({{one, other}})).at(one) == other);
  const auto address = parse_http_address(one);
  CARILLON_CHECK(!address || (!address->host.empty() && address->path.starts_with('/')));
  static_cast<void>(issuer_metadata_urls(one));
  for (const auto& url : resource_metadata_urls(one)) CARILLON_CHECK(url.find("/.well-known/") != std::string::npos);
  CARILLON_CHECK(!resource_covers(one, other) || origin_of(one) == origin_of(other));
  const std::string both = scope_union(one, other);
  CARILLON_CHECK(scope_includes(both, one) && scope_includes(both, other));
}

const Target kOauthTextTarget{"oauth_text", oauth_text};

}  // namespace
}  // namespace carillon::fuzz
