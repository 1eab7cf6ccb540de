#include "server/base/metrics.h"
#include "server/engine/deliveries.h"
#include "server/engine/engine.h"
#include "server/store/store.h"

// deliver: hands what is due to who can send it, and writes what became of it.

namespace carillon {

namespace {

constexpr Duration kTakenFor = std::chrono::seconds{30};
constexpr Duration kHour = std::chrono::hours{1};
constexpr int kTakenAtOnce = 50;

void count(std::string_view kind, std::string_view outcome) {
  metrics::count("carillon_deliveries_total", {{"kind", kind}, {"outcome", outcome}});
}

// The agent as whom the run is looked at: it may read what was run for it.
Caller reader(const Recipient& recipient) {
  return {.tenant = recipient.tenant,
          .agent = recipient.agent,
          .scopes = {Scope::read},
          .correlation_id = "delivery",
          .zone = ""};
}

DeliveryEnd too_many(int per_hour_max, Instant now) {
  return {DeliveryState::suppressed, "more than " + std::to_string(per_hour_max) + " within an hour", now};
}

}  // namespace

void Engine::deliver(const DeliverWanted& wanted, const Send& send) {
  if (wanted.recipients.empty()) return;
  const Instant now = parts_.clock.now();
  const auto taken = parts_.store.across_tenants([&](Tx& tx) {
    return DeliveryStore{tx}.take({wanted.kind, wanted.recipients, now, now + kTakenFor, kTakenAtOnce});
  });
  for (const TakenDelivery& delivery : taken) {
    const Recipient recipient{delivery.key.tenant, delivery.agent};
    const auto settle = [&](const DeliveryEnd& end) {
      parts_.store.across_tenants([&](Tx& tx) { DeliveryStore{tx}.settle(delivery.key, end); });
      count(wanted.kind, name_of(end.state));
    };
    const auto sent_before = parts_.store.across_tenants(
        [&](Tx& tx) { return DeliveryStore{tx}.sent_since(recipient, wanted.kind, now - kHour); });
    if (sent_before >= wanted.per_hour_max) {
      settle(too_many(wanted.per_hour_max, now));
      continue;
    }
    auto run = get_run(reader(recipient), {.run = delivery.key.run.str()});
    if (!run) {
      settle({DeliveryState::failed, run.error().message, now});
      continue;
    }
    switch (send({recipient, delivery.key.target, std::move(*run)})) {
      case Sent::sent:
        settle({DeliveryState::sent, "", now});
        break;
      case Sent::failed:
        settle({DeliveryState::failed, "it could not be sent", now});
        break;
      case Sent::nobody:
        parts_.store.across_tenants([&](Tx& tx) { DeliveryStore{tx}.release(delivery.key, now); });
        break;
    }
  }
}

}  // namespace carillon
