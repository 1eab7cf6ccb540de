#include "transport/webhook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>

#include "transport/base64.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kWebhookIdBytesMax = 200;

// It goes into a text column.
bool is_plain(std::string_view id) {
  return !id.empty() && id.size() <= kWebhookIdBytesMax &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length) == nullptr)
    throw std::runtime_error{"HMAC-SHA256 failed"};
  return {reinterpret_cast<const char*>(digest.data()), length};
}

bool same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

bool is_among(std::string_view signatures, std::string_view wanted) {
  bool found = false;
  while (!signatures.empty()) {
    const auto end = signatures.find(' ');
    found = same(signatures.substr(0, end), wanted) || found;
    signatures.remove_prefix(end == std::string_view::npos ? signatures.size() : end + 1);
  }
  return found;
}

bool is_timely(std::string_view timestamp, Instant now) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  if (error != std::errc{} || end != timestamp.data() + timestamp.size()) return false;
  const auto ours = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(kWebhookTolerance).count();
  return seconds >= ours - most && seconds <= ours + most;
}

}  // namespace

std::string webhook_secret(std::string_view key, std::string_view address_id) { return hmac_sha256(key, address_id); }

std::string show_webhook_secret(std::string_view secret) { return "whsec_" + to_base64(secret); }

std::string sign_webhook(std::string_view secret, const WebhookDelivery& delivery) {
  std::string whole;
  whole.reserve(delivery.id.size() + delivery.timestamp.size() + delivery.body.size() + 2);
  whole.append(delivery.id).append(".").append(delivery.timestamp).append(".").append(delivery.body);
  return "v1," + to_base64(hmac_sha256(secret, whole));
}

SignatureVerdict check_webhook(std::string_view secret, const WebhookDelivery& delivery, std::string_view signatures,
                               Instant now) {
  const bool complete = is_plain(delivery.id) && !delivery.timestamp.empty();
  if (!complete || signatures.empty()) return SignatureVerdict::missing;
  if (!is_among(signatures, sign_webhook(secret, delivery))) return SignatureVerdict::wrong;
  return is_timely(delivery.timestamp, now) ? SignatureVerdict::good : SignatureVerdict::stale;
}

}  // namespace carillon::transport
