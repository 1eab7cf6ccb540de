#include "server/delivery/webhook.h"

#include <nlohmann/json.hpp>

#include "server/outbound/transfer.h"
#include "transport/allowed_hosts.h"
#include "transport/webhook_signature.h"

namespace carillon::delivery {
namespace {

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

Attempt attempt_of_post(const outbound::Answer& answer) {
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
  return transport::webhook_secret(key, tenant.str() + "\n" + std::string{url});
}

std::string show_secret(std::string_view secret) { return transport::show_webhook_secret(secret); }

std::string sign(std::string_view secret, const SignedText& text) {
  return transport::sign_webhook(secret, {text.id, std::to_string(text.timestamp), text.body});
}

Attempt Webhooks::send(const Letter& letter, const std::stop_token& stop) {
  const std::string url{address_of(letter)};
  const Way way = way_to(url, options_.webhook.hosts);
  if (!way.refused.empty()) return {Became::never, std::string{way.refused}};
  outbound::Request posting{.url = url, .headers = {}};
  posting.body = letter.facts.dump(-1, ' ', false, json::error_handler_t::replace);
  const SignedText text{letter.id, std::chrono::floor<std::chrono::seconds>(letter.at).time_since_epoch().count(),
                        *posting.body};
  posting.headers.emplace_back("content-type: application/json");
  posting.headers.emplace_back("webhook-id: " + text.id);
  posting.headers.emplace_back("webhook-timestamp: " + std::to_string(text.timestamp));
  posting.headers.emplace_back("webhook-signature: " + sign(webhook_secret(key_, letter.tenant, url), text));
  posting.headers.emplace_back("expect:");  // no wait for a "100 Continue"
  const outbound::TransferLimits limits{.timeout = options_.timeout, .reach = way.reach, .ca_file = options_.ca_file};
  return attempt_of_post(outbound::exchange(posting, limits, stop));
}

}  // namespace carillon::delivery
