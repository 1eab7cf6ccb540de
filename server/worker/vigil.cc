#include "server/worker/vigil.h"

#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"

namespace carillon {
namespace {

constexpr Duration kEvery = std::chrono::seconds{10};
constexpr Duration kGap = std::chrono::minutes{1};
constexpr Duration kGather = std::chrono::minutes{10};

}  // namespace

void Vigil::keep(Instant now, const ClockReading& clocks) {
  const auto seen = clocks_.look(clocks);
  if (seen.asleep.count() != 0)
    kind_ = "sleep";
  else if (seen.stepped.count() != 0)
    kind_ = "step";
  else if (seen.stopped.count() != 0)
    kind_ = "stop";
  if (noted_ && now >= *noted_ && now < *noted_ + kEvery) return;
  if (const auto began = rows_.keep({.now = now, .gap = kGap, .kind = kind_, .gather = kGather})) {
    metrics::count("carillon_outages_total", {{"kind", kind_}});
    log::warn("nobody watched the schedules for a while",
              json{{"from", to_rfc3339(*began)}, {"until", to_rfc3339(now)}, {"kind", kind_}});
  }
  noted_ = now;
  kind_ = "other";
}

}  // namespace carillon
