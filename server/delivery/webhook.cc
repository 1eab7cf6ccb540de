#include "server/delivery/webhook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "server/delivery/transfer.h"
#include "transport/allowed_hosts.h"
#include "transport/base64.h"

namespace carillon::delivery {
namespace {

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length) == nullptr)
    throw std::runtime_error{"HMAC-SHA256 failed"};
  return {reinterpret_cast<const char*>(digest.data()), length};
}

constexpr std::string_view kNotAllowed =
    "the configuration does not let webhooks reach this host (delivery.webhook_hosts)";
constexpr std::string_view kNotSecure =
    "webhooks go over https; http only to a host that delivery.webhook_hosts names with its port";

// How far the address may lead; a text: why it may not be reached at all.
struct Way {
  transport::Reach reach = transport::Reach::public_only;
  std::string_view refused{};
};

Way way_to(const std::string& url, const std::vector<std::string>& hosts) {
  const auto address = transport::parse_http_address(url);
  if (!address) return {.refused = "it is no http address"};
  if (!hosts.empty() && !transport::allowed_address(url, hosts)) return {.refused = kNotAllowed};
  if (transport::may_be_private(*address, hosts)) return {.reach = transport::Reach::anywhere};
  if (!address->origin.starts_with("https:")) return {.refused = kNotSecure};
  return {};
}

Attempt attempt_of(const Answer& answer) {
  if (answer.status == 0) return {Became::unreachable, answer.problem};
  if (answer.status >= 200 && answer.status < 300) return {};
  const std::string why = "it answered " + std::to_string(answer.status);
  if (answer.status == 410) return {Became::never, why + ", which means that it is gone for good"};
  if (answer.status >= 300 && answer.status < 400) return {Became::refused, why + ", and redirects are not followed"};
  const bool busy = answer.status == 429 || answer.status >= 500;
  return {busy ? Became::unreachable : Became::refused, why, answer.retry_after};
}

}  // namespace

std::string webhook_secret(std::string_view key, const TenantId& tenant, std::string_view url) {
  return hmac_sha256(key, tenant.str() + "\n" + std::string{url});
}

std::string show_secret(std::string_view secret) { return "whsec_" + transport::to_base64(secret); }

std::string sign(std::string_view secret, const SignedText& text) {
  std::string whole = text.id + "." + std::to_string(text.timestamp) + ".";
  whole.append(text.body);
  return "v1," + transport::to_base64(hmac_sha256(secret, whole));
}

Attempt Webhooks::send(const Letter& letter, const std::stop_token& stop) {
  const std::string url{address_of(letter)};
  const Way way = way_to(url, options_.webhook.hosts);
  if (!way.refused.empty()) return {Became::never, std::string{way.refused}};
  Posting posting{.url = url, .headers = {}, .body = letter.facts.dump(-1, ' ', false, json::error_handler_t::replace)};
  const SignedText text{letter.id, std::chrono::floor<std::chrono::seconds>(letter.at).time_since_epoch().count(),
                        posting.body};
  posting.headers.emplace_back("content-type: application/json");
  posting.headers.emplace_back("webhook-id: " + text.id);
  posting.headers.emplace_back("webhook-timestamp: " + std::to_string(text.timestamp));
  posting.headers.emplace_back("webhook-signature: " + sign(webhook_secret(key_, letter.tenant, url), text));
  posting.headers.emplace_back("expect:");  // no wait for a "100 Continue"
  const TransferLimits limits{.timeout = options_.timeout, .reach = way.reach, .ca_file = options_.ca_file};
  return attempt_of(post(posting, limits, stop));
}

}  // namespace carillon::delivery
