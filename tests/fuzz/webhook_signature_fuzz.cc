// The headers of a delivery, each behind a NUL: signatures, time, id, body. Nothing but what the secret's holder signed
// is good, and that is in whatever company it comes.
#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"
#include "transport/webhook_signature.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void webhook_signature(std::string_view input) {
  static const std::string secret = webhook_secret("a key", "an address");
  const Instant now{std::chrono::seconds{1'763'640'000}};
  const auto [signatures, rest] = two_texts(input);
  const auto [timestamp, more] = two_texts(rest);
  const auto [id, body] = two_texts(more);
  const WebhookDelivery delivery{id, timestamp, body};
  CARILLON_CHECK(check_webhook(secret, delivery, signatures, now) != SignatureVerdict::good);
  const std::string time = std::to_string(now.time_since_epoch() / std::chrono::seconds{1});
  const WebhookDelivery timely{"msg_1", time, body};
  const std::string good = sign_webhook(secret, timely);
  CARILLON_CHECK(check_webhook(secret, timely, good, now) == SignatureVerdict::good);
  if (signatures.size() < 500)
    CARILLON_CHECK(check_webhook(secret, timely, std::string(signatures) + " " + good, now) == SignatureVerdict::good);
  CARILLON_CHECK(check_webhook(secret, timely, good, now + std::chrono::hours{1}) == SignatureVerdict::stale);
  if (signatures.find(good) == std::string_view::npos)
    CARILLON_CHECK(check_webhook(secret, timely, signatures, now) != SignatureVerdict::good);
}

const Target kWebhookSignatureTarget{"webhook_signature", webhook_signature};

}  // namespace
}  // namespace carillon::fuzz
