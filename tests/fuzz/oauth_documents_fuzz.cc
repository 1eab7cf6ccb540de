// Documents of strangers: understood or refused.
#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "transport/oauth_documents.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void oauth_documents(std::string_view input) {
  const auto resource = read_resource_metadata(input);
  CARILLON_CHECK(!resource || (!resource->resource.empty() && !resource->issuers.empty()));
  const auto issuer = read_issuer_metadata(input);
  const auto identity = read_registration(input);
  CARILLON_CHECK(!identity || !identity->client_id.empty());
  if (issuer && identity) {
    for (const auto key : {KeyAtHand::no, KeyAtHand::yes})
      static_cast<void>(choose_token_auth(*issuer, *identity, key));
  }
  const auto tokens = read_tokens(input, Instant{std::chrono::seconds{1'000'000}});
  CARILLON_CHECK(!tokens || !tokens->access_token.empty());
  static_cast<void>(read_oauth_error(input));
}

const Target kOauthDocumentsTarget{"oauth_documents", oauth_documents};

}  // namespace
}  // namespace carillon::fuzz
