// Webhooks: a letter as a signed POST, in the form of Standard Webhooks (https://www.standardwebhooks.com): the headers
// webhook-id, webhook-timestamp and webhook-signature over a JSON body {"type", "timestamp", "data"}.
//
// Each address has a secret of its own, made from the installation's key, so that what one receiver knows is of no use
// against another, and every daemon of the database signs alike. Where an address leads is checked with each attempt.
// Values, pure functions and a channel; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/delivery/channel.h"
#include "server/delivery/delivery_options.h"

namespace carillon::delivery {

// The 32 bytes with which what goes from a tenant to an address is signed; `key` is the installation's.
std::string webhook_secret(std::string_view key, const TenantId& tenant, std::string_view url);
// As receivers' libraries want it: "whsec_" and Base64.
std::string show_secret(std::string_view secret);

struct SignedText {
  std::string id;
  std::int64_t timestamp = 0;  // seconds since 1970
  std::string_view body;
};
// "v1," and the Base64 of an HMAC-SHA256 of id, timestamp and body.
std::string sign(std::string_view secret, const SignedText& text);

class Webhooks final : public Channel {
 public:
  Webhooks(const DeliveryOptions& options, std::string key) : options_(options), key_(std::move(key)) {}

  std::string_view kind() const override { return "webhook"; }
  std::optional<std::string> missing() const override { return std::nullopt; }
  Attempt send(const Letter& letter, const std::stop_token& stop) override;

 private:
  const DeliveryOptions options_;
  const std::string key_;
};

}  // namespace carillon::delivery
