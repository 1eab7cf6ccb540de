// Signatures of webhooks in the form of Standard Webhooks (https://www.standardwebhooks.com): an HMAC-SHA256 over the
// delivery's id, its time and its body, in the headers webhook-id, webhook-timestamp and webhook-signature.
//
// Each address has a secret of its own, made from a key of the installation, so that every daemon of the database
// checks alike and nothing that could sign is kept beside the address. Pure; thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "server/base/clock.h"

namespace carillon::transport {

// How far a delivery's time may be from ours: a recorded one is of no use after that.
inline constexpr Duration kWebhookTolerance = std::chrono::minutes{5};

// The 32 bytes with which deliveries to that address are signed; `key` is the installation's.
std::string webhook_secret(std::string_view key, std::string_view address_id);
// As senders' libraries want it: "whsec_" and Base64.
std::string show_webhook_secret(std::string_view secret);

struct WebhookDelivery {
  std::string_view id;
  std::string_view timestamp;  // seconds since 1970
  std::string_view body;
};
// "v1," and the Base64 of the HMAC.
std::string sign_webhook(std::string_view secret, const WebhookDelivery& delivery);

enum class SignatureVerdict { good, missing, stale, wrong };
inline constexpr auto kSignatureVerdictNames = std::to_array<std::string_view>({"good", "missing", "stale", "wrong"});
constexpr std::string_view name_of(SignatureVerdict verdict) {
  return kSignatureVerdictNames[static_cast<std::size_t>(verdict)];
}
// `signatures` are those that the sender offers, between spaces (two while a secret is being exchanged): one is enough.
// Compared in constant time; the signature is looked at before the time.
SignatureVerdict check_webhook(std::string_view secret, const WebhookDelivery& delivery, std::string_view signatures,
                               Instant now);

}  // namespace carillon::transport
