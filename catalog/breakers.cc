#include "catalog/breakers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"

namespace carillon::catalog {
namespace {

constexpr std::size_t kNewsMax = 64;  // of one breaker while the database is away; older ones are forgotten

Monotonic now() { return std::chrono::steady_clock::now(); }

std::string_view status_of(CallVerdict verdict) {
  return verdict == CallVerdict::well ? "success" : verdict == CallVerdict::failed ? "failure" : "ignored";
}

void count_request(BreakerState state, std::string_view status) {
  metrics::count("circuit_breaker_requests_total", {{"state", name_of(state)}, {"status", status}});
}

}  // namespace

std::string why_refused(const std::string& server, const BreakerStanding& standing) {
  if (standing.state == BreakerState::half_open)
    return "server \"" + server + "\" is being tried: " + std::to_string(standing.failures) + " of the last " +
           std::to_string(standing.requests) + " calls failed, and no more than a few are let through for now";
  return "server \"" + server + "\" is not called for now: " + say(standing);
}

ServerBreaker::ServerBreaker(std::string server, const BreakerRules& rules)
    : server_(std::move(server)), inside_(Inside{Breaker{rules}}) {
  show(BreakerState::closed);
}

template <class Visit>
void ServerBreaker::use(Visit&& visit) {
  std::optional<BreakerChange> change;
  BreakerStanding standing;
  inside_.with([&](Inside& inside) {
    const auto before = inside.breaker.state();
    const auto at = now();
    visit(inside.breaker, at);
    if (inside.breaker.state() == before) return;
    change = inside.breaker.last_change();
    standing = inside.breaker.standing(at);
    if (inside.news.size() == kNewsMax) inside.news.erase(inside.news.begin());
    inside.news.push_back(*change);
  });
  if (change) report(*change, standing);
}

BreakerPass ServerBreaker::ask() {
  BreakerPass pass;
  use([&](Breaker& breaker, Monotonic at) { pass = breaker.ask(at); });
  if (!pass.admitted) count_request(pass.state, "rejected");
  return pass;
}

void ServerBreaker::tell(const BreakerPass& pass, CallVerdict verdict) {
  count_request(pass.state, status_of(verdict));
  use([&](Breaker& breaker, Monotonic at) { breaker.tell(pass, verdict, at); });
}

void ServerBreaker::mend() {
  use([](Breaker& breaker, Monotonic at) { breaker.mend(at); });
}

bool ServerBreaker::is_shut() const {
  return inside_.with([](const Inside& inside) { return inside.breaker.is_shut(now()); });
}

BreakerStanding ServerBreaker::standing() const {
  return inside_.with([](const Inside& inside) { return inside.breaker.standing(now()); });
}

BreakerNews ServerBreaker::news() const {
  return inside_.with([&](const Inside& inside) {
    return BreakerNews{{server_, inside.revision, inside.breaker.standing(now())}, inside.news};
  });
}

void ServerBreaker::take_over(std::size_t told, const SharedBreaker& now_known) {
  const auto entered = inside_.with([&](Inside& inside) -> std::optional<BreakerState> {
    inside.news.erase(inside.news.begin(),
                      inside.news.begin() + static_cast<std::ptrdiff_t>(std::min(told, inside.news.size())));
    if (now_known.revision == inside.revision) return std::nullopt;
    const auto before = inside.breaker.state();
    // What was decided here meanwhile is newer: others hear of it next, as a change of what they know now.
    inside.revision = now_known.revision;
    if (inside.news.empty()) inside.breaker.take_over(now_known.standing, now());
    if (inside.breaker.state() == before) return std::nullopt;
    return inside.breaker.state();
  });
  if (!entered) return;
  show(*entered);
  log::info("a circuit breaker follows another process",
            {{"server", server_}, {"state", name_of(*entered)}, {"because", say(now_known.standing)}});
}

void ServerBreaker::report(const BreakerChange& change, const BreakerStanding& standing) const {
  metrics::count("circuit_breaker_state_changes_total", {{"from", name_of(change.from)}, {"to", name_of(change.to)}});
  show(change.to);
  const json facts{{"server", server_},
                   {"from", name_of(change.from)},
                   {"event", name_of(change.event)},
                   {"to", name_of(change.to)},
                   {"because", say(standing)}};
  if (change.to == BreakerState::open)
    log::warn("a circuit breaker changed", facts);
  else
    log::info("a circuit breaker changed", facts);
}

void ServerBreaker::show(BreakerState state) const {
  metrics::gauge("circuit_breaker_current_state", {{"name", server_}}, static_cast<double>(state));
}

std::shared_ptr<ServerBreaker> Breakers::of(const std::string& server) {
  return breakers_.with([&](ByServer& breakers) {
    auto& breaker = breakers[server];
    if (!breaker) breaker = std::make_shared<ServerBreaker>(server, rules_);
    return breaker;
  });
}

std::vector<BreakerNews> Breakers::news() const {
  std::vector<BreakerNews> all;
  for (const auto& [server, breaker] : breakers_.with([](const ByServer& breakers) { return breakers; }))
    if (auto news = breaker->news(); !news.changes.empty()) all.push_back(std::move(news));
  return all;
}

void Breakers::take_over(const std::vector<BreakerNews>& told, const std::vector<SharedBreaker>& now_known) {
  for (const auto& known : now_known) {
    const auto breaker = breakers_.with([&](const ByServer& breakers) -> std::shared_ptr<ServerBreaker> {
      const auto found = breakers.find(known.server);
      return found == breakers.end() ? nullptr : found->second;
    });
    if (!breaker) continue;  // not one of our servers, or not yet
    const auto ours =
        std::find_if(told.begin(), told.end(), [&](const auto& news) { return news.breaker.server == known.server; });
    breaker->take_over(ours == told.end() ? 0 : ours->changes.size(), known);
  }
}

}  // namespace carillon::catalog
