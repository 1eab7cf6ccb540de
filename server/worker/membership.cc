#include "server/worker/membership.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/version.h"

namespace carillon {
namespace {

int lease(ShardLeases& leases, const ProcessCard& card, Duration expiry, DbClock& clock) {
  clock.measured(leases.measure_clock());
  return leases.lease_process(card, expiry);
}

}  // namespace

Membership::Membership(const HotPathOptions& options, ProcessCard card, DbClock& clock, Duration expiry)
    : card_(std::move(card)),
      expiry_(expiry),
      connection_(options),
      leases_(connection_, card_.instance),
      slot_(lease(leases_, card_, expiry_, clock)),
      ids_(slot_) {}

Membership::~Membership() {
  try {
    leases_.release_process(slot_);
  } catch (const std::exception& failure) {
    log::info("the process slot could not be given back; it expires", json{{"problem", failure.what()}});
  }
}

void Membership::renew() { CARILLON_CHECK(leases_.renew_process(slot_, expiry_)); }

ProcessCard this_process(std::string kind) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::random_device random;
  std::array<char, 32> chance{};
  std::snprintf(chance.data(), chance.size(), "%08x%08x", random(), random());
  ProcessCard card;
  card.kind = std::move(kind);
  card.host = host.data();
  card.pid = static_cast<std::int32_t>(::getpid());
  card.version = std::string{kVersion};
  card.instance = card.kind + "-" + card.host + "-" + std::to_string(card.pid) + "-" + chance.data();
  return card;
}

}  // namespace carillon
