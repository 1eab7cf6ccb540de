#include <algorithm>
#include <map>

#include "server/base/metrics.h"
#include "server/engine/deliveries.h"
#include "server/engine/engine.h"
#include "server/store/store.h"

// deliver: hands what is due to who can send it, and writes what became of it.

namespace carillon {

namespace {

constexpr Duration kTakenFor = std::chrono::seconds{30};
constexpr Duration kHour = std::chrono::hours{1};
constexpr int kTakenAtOnce = 1000;  // and told in one, at most

// The agent as whom the run is looked at: it may read what was run for it.
Caller reader(const Recipient& recipient) {
  return {.tenant = recipient.tenant,
          .agent = recipient.agent,
          .scopes = {Scope::read},
          .correlation_id = "delivery",
          .zone = ""};
}

// What is told in one: a delivery, or all of a recipient that were held.
struct Bundle {
  Recipient recipient;
  std::string target;
  std::vector<DeliveryKey> keys{};
};

std::vector<Bundle> bundles_of(std::vector<TakenDelivery> taken) {
  std::sort(taken.begin(), taken.end(), [](const auto& one, const auto& other) { return one.key.run < other.key.run; });
  std::vector<Bundle> bundles;
  std::map<std::pair<Recipient, std::string>, std::size_t> folded;
  for (const TakenDelivery& delivery : taken) {
    const Recipient recipient{delivery.key.tenant, delivery.agent};
    std::size_t place = bundles.size();
    if (delivery.held) place = folded.try_emplace({recipient, delivery.key.target}, place).first->second;
    if (place == bundles.size()) bundles.push_back({recipient, delivery.key.target});
    bundles[place].keys.push_back(delivery.key);
  }
  return bundles;
}

template <class Work>
auto with_deliveries(Store& store, const Work& work) {
  return store.across_tenants([&](Tx& tx) {
    DeliveryStore deliveries{tx};
    return work(deliveries);
  });
}

class Round {
 public:
  Round(Engine& engine, Store& store, const DeliverWanted& wanted, Instant now)
      : engine_(engine), store_(store), wanted_(wanted), now_(now) {}

  void tell(const Bundle& bundle, const Send& send) {
    if (const auto until = full_until(bundle.recipient)) {
      with_deliveries(store_, [&](DeliveryStore& deliveries) {
        for (const auto& key : bundle.keys) deliveries.hold(key, *until);
      });
      return;
    }
    Notice notice{bundle.recipient, bundle.target, {}, bundle.keys.size()};
    std::string why;
    for (std::size_t i = 0; i < std::min(bundle.keys.size(), kRunsNoticed); ++i) {
      auto run = engine_.get_run(reader(bundle.recipient), {.run = bundle.keys[i].run.str()});
      if (run)
        notice.runs.push_back(std::move(*run));
      else
        why = run.error().message;
    }
    if (notice.runs.empty()) return settle(bundle, {DeliveryState::failed, why, now_});
    switch (send(notice)) {
      case Sent::sent:
        return settle(bundle, {DeliveryState::sent, "", now_});
      case Sent::failed:
        return settle(bundle, {DeliveryState::failed, "it could not be sent", now_});
      case Sent::nobody:
        with_deliveries(store_, [&](DeliveryStore& deliveries) {
          for (const auto& key : bundle.keys) deliveries.release(key, now_);
        });
    }
  }

 private:
  // When there is room for another notice, if there is none now.
  std::optional<Instant> full_until(const Recipient& recipient) {
    const auto before = with_deliveries(store_, [&](DeliveryStore& deliveries) {
      return deliveries.sent_since(recipient, wanted_.kind, now_ - kHour, wanted_.per_hour_max);
    });
    if (before.notices < wanted_.per_hour_max) return std::nullopt;
    return *before.earliest + kHour;
  }

  void settle(const Bundle& bundle, const DeliveryEnd& end) {
    with_deliveries(store_, [&](DeliveryStore& deliveries) { deliveries.settle_together(bundle.keys, end); });
    metrics::count("carillon_deliveries_total", {{"kind", wanted_.kind}, {"outcome", name_of(end.state)}},
                   static_cast<double>(bundle.keys.size()));
  }

  Engine& engine_;
  Store& store_;
  const DeliverWanted& wanted_;
  const Instant now_;
};

}  // namespace

void Engine::deliver(const DeliverWanted& wanted, const Send& send) {
  if (wanted.recipients.empty()) return;
  const Instant now = parts_.clock.now();
  auto taken = parts_.store.across_tenants([&](Tx& tx) {
    return DeliveryStore{tx}.take({wanted.kind, wanted.recipients, now, now + kTakenFor, kTakenAtOnce});
  });
  Round round{*this, parts_.store, wanted, now};
  for (const Bundle& bundle : bundles_of(std::move(taken))) round.tell(bundle, send);
}

}  // namespace carillon
