// Signatures of webhooks: the published example of Standard Webhooks, and what is refused.
#include "transport/webhook_signature.h"

#include <catch2/catch.hpp>

#include "transport/base64.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

// The example of the specification's reference libraries.
const std::string kSecret = *from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
constexpr WebhookDelivery kDelivery{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"};
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const Instant kThen{std::chrono::seconds{1614265330}};

SignatureVerdict verdict(const WebhookDelivery& delivery, std::string_view signatures = kSignature,
                         Instant now = kThen) {
  return check_webhook(kSecret, delivery, signatures, now);
}

}  // namespace

TEST_CASE("a delivery is signed as the specification's example", "[transport][webhook_signature]") {
  CHECK(sign_webhook(kSecret, kDelivery) == kSignature);
  CHECK(verdict(kDelivery) == SignatureVerdict::good);
}

TEST_CASE("one good signature of several is enough", "[transport][webhook_signature]") {
  const std::string good{kSignature};
  CHECK(verdict(kDelivery, "v1,AAAA " + good) == SignatureVerdict::good);
  CHECK(verdict(kDelivery, good + " v1,AAAA") == SignatureVerdict::good);
  CHECK(verdict(kDelivery, "v2," + good.substr(3)) == SignatureVerdict::wrong);
  CHECK(verdict(kDelivery, good.substr(0, good.size() - 1)) == SignatureVerdict::wrong);
}

TEST_CASE("whatever was changed makes the signature wrong", "[transport][webhook_signature]") {
  for (const WebhookDelivery& changed : {WebhookDelivery{"msg_other", kDelivery.timestamp, kDelivery.body},
                                         WebhookDelivery{kDelivery.id, "1614265331", kDelivery.body},
                                         WebhookDelivery{kDelivery.id, kDelivery.timestamp, R"({"test": 2432232315})"}})
    CHECK(verdict(changed) == SignatureVerdict::wrong);
  CHECK(check_webhook("another secret", kDelivery, kSignature, kThen) == SignatureVerdict::wrong);
}

TEST_CASE("a delivery without its headers is not looked at", "[transport][webhook_signature]") {
  CHECK(verdict({"", kDelivery.timestamp, kDelivery.body}) == SignatureVerdict::missing);
  CHECK(verdict({kDelivery.id, "", kDelivery.body}) == SignatureVerdict::missing);
  CHECK(verdict(kDelivery, "") == SignatureVerdict::missing);
  CHECK(verdict({"msg\n1", kDelivery.timestamp, kDelivery.body}) == SignatureVerdict::missing);
  CHECK(verdict({std::string(201, 'x'), kDelivery.timestamp, kDelivery.body}) == SignatureVerdict::missing);
}

TEST_CASE("a delivery of another time is stale", "[transport][webhook_signature]") {
  for (const auto apart : {-301s, 301s, 86400s})
    CHECK(verdict(kDelivery, kSignature, kThen + apart) == SignatureVerdict::stale);
  for (const auto apart : {-300s, 0s, 300s})
    CHECK(verdict(kDelivery, kSignature, kThen + apart) == SignatureVerdict::good);
  for (const std::string_view odd : {"soon", "1614265330.5", "99999999999999999999", "-1614265330"}) {
    const WebhookDelivery delivery{kDelivery.id, odd, kDelivery.body};
    CHECK(verdict(delivery, sign_webhook(kSecret, delivery)) == SignatureVerdict::stale);
  }
}

TEST_CASE("each address has a secret of its own", "[transport][webhook_signature]") {
  CHECK(webhook_secret("key", "a") == webhook_secret("key", "a"));
  CHECK(webhook_secret("key", "a") != webhook_secret("key", "b"));
  CHECK(webhook_secret("key", "a") != webhook_secret("yek", "a"));
  CHECK(show_webhook_secret(webhook_secret("key", "a")).starts_with("whsec_"));
  CHECK(webhook_secret("key", "a").size() == 32);
}
