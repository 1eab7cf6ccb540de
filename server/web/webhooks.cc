#include "server/web/webhooks.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "server/base/error.h"
#include "server/base/guarded.h"
#include "server/base/json_text.h"
#include "server/base/metrics.h"
#include "server/base/trace.h"
#include "server/domain/run_trace.h"
#include "server/web/http_status.h"
#include "tools/service_guard.h"
#include "transport/webhook_signature.h"

namespace carillon::web {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;
using transport::SignatureVerdict;

constexpr int kNotedMax = 10;  // refusals a minute for each address
constexpr std::size_t kAddressesMax = 10'000;
constexpr std::size_t kShownBytesMax = 200;

// How many refusals of an address have been noted in this minute.
class Notes {
 public:
  bool room_for(const std::string& id, Instant now) {
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    return noted_.with([&](auto& noted) {
      if (noted.size() >= kAddressesMax) noted.clear();
      auto& [since, count] = noted[id];
      if (since != minute) count = 0;
      since = minute;
      return ++count <= kNotedMax;
    });
  }

 private:
  using Minute = std::chrono::time_point<std::chrono::system_clock, std::chrono::minutes>;
  Guarded<std::map<std::string, std::pair<Minute, int>>> noted_;
};

HttpResponse counted(std::string_view verdict, HttpResponse response) {
  metrics::count("carillon_webhooks_total", {{"verdict", verdict}});
  return response;
}

std::string_view advice_on(SignatureVerdict verdict) {
  switch (verdict) {
    case SignatureVerdict::missing:
      return "sign it as Standard Webhooks says: webhook-id, webhook-timestamp and webhook-signature";
    case SignatureVerdict::stale:
      return "webhook-timestamp is more than five minutes off; sign it anew, and look at the clock";
    default:
      return "the signature does not fit; sign id, timestamp and body with this address's secret";
  }
}

// What a machine that tells us something calls itself: nobody whom anything is allowed.
Caller sender_of(const Webhook& hook, const HttpRequest& request) {
  return {hook.tenant, AgentId{"webhook"}, Scopes{}, correlation_of(request.header("traceparent").value_or("")),
          "",          CallerKind::service};
}

Result<json> payload_of(const std::string& body) {
  if (body.empty()) return json::object();
  return read_json(body, "the body");
}

class Hooks {
 public:
  explicit Hooks(WebhookParts parts) : parts_(std::move(parts)) {}

  HttpResponse take(const HttpRequest& request) {
    const auto hook = parts_.engine.find_webhook(request.path_values.at("id"));
    if (!hook) return counted("unknown", transport::error_response(kNotFound, "unknown_name", "no such address"));
    if (request.body.size() > kEventPayloadBytesMax)
      return counted("too_large", transport::error_response(kTooLarge, "too_large", "a delivery has at most 1 MiB"));
    const transport::WebhookDelivery delivery{request.header("webhook-id").value_or(""),
                                              request.header("webhook-timestamp").value_or(""), request.body};
    const auto verdict = transport::check_webhook(transport::webhook_secret(parts_.key, hook->id), delivery,
                                                  request.header("webhook-signature").value_or(""), parts_.clock.now());
    if (verdict != SignatureVerdict::good) return refuse(*hook, request, verdict);
    const auto payload = payload_of(request.body);
    if (!payload)
      return counted("no_json", transport::error_response(kBadRequest, "arguments_invalid", payload.error().message));
    return publish(*hook, request, *payload);
  }

 private:
  HttpResponse refuse(const Webhook& hook, const HttpRequest& request, SignatureVerdict verdict) {
    if (notes_.room_for(hook.id, parts_.clock.now()))
      parts_.engine.note_refused_webhook(
          sender_of(hook, request), hook,
          {std::string(request.header("webhook-id").value_or("").substr(0, kShownBytesMax)),
           std::string(name_of(verdict))});
    return counted(name_of(verdict), transport::error_response(kUnauthorized, "not_allowed", advice_on(verdict)));
  }

  HttpResponse publish(const Webhook& hook, const HttpRequest& request, const json& payload) {
    const WebhookEvent event{std::string(*request.header("webhook-id")), payload,
                             run_of_trace(request.header("traceparent").value_or(""))};
    const auto taken = parts_.engine.take_webhook(sender_of(hook, request), hook, event);
    if (!taken)
      return counted("refused",
                     transport::error_response(kBadRequest, describe(taken.error().code).name, taken.error().message));
    const json answer{{"event_id", std::to_string(taken->event_id)}};
    return taken->duplicate_of ? counted("duplicate", transport::json_response(kOk, answer))
                               : counted("taken", transport::json_response(kAccepted, answer));
  }

  const WebhookParts parts_;
  Notes notes_;
};

HttpResponse try_later() { return transport::error_response(kUnavailable, "unavailable", "try again in a moment"); }

}  // namespace

std::vector<transport::HttpRoute> webhook_routes(WebhookParts parts) {
  transport::Executor& executor = parts.executor;
  const auto hooks = std::make_shared<Hooks>(std::move(parts));
  const auto take = [&executor, hooks](HttpRequest request, const std::shared_ptr<transport::HttpReply>& reply) {
    const bool taken = executor.run([hooks, request = std::move(request), reply] {
      const Caller nobody{TenantId{""}, AgentId{"webhook"}, Scopes{}, new_trace_id(), "", CallerKind::service};
      const auto answered =
          tools::guarded(nobody, "webhook", [&]() -> Result<HttpResponse> { return hooks->take(request); });
      reply->send(answered ? *answered : try_later());
    });
    if (!taken) reply->send(try_later());
  };
  return {{.method = "POST", .path = "/hooks/{id}", .access = transport::Access::open, .handle = take}};
}

}  // namespace carillon::web
