#include "server/domain/schedule/overlap.h"

#include <array>
#include <utility>

namespace carillon {
namespace {

constexpr std::array<std::pair<Overlap, std::string_view>, 5> kPolicyNames{{{Overlap::skip, "skip"},
                                                                            {Overlap::queue, "queue"},
                                                                            {Overlap::queue_all, "queue_all"},
                                                                            {Overlap::cancel, "cancel"},
                                                                            {Overlap::allow, "allow"}}};

// What each policy does while a run is going (and none waits), and while one waits already.
struct Row {
  Overlap policy;
  OverlapVerdict running, queued;
};
constexpr std::array<Row, 5> kVerdicts{{
    {Overlap::skip, OverlapVerdict::skip, OverlapVerdict::skip},
    {Overlap::queue, OverlapVerdict::queue_behind, OverlapVerdict::skip},
    {Overlap::queue_all, OverlapVerdict::queue_behind, OverlapVerdict::queue_behind},
    {Overlap::cancel, OverlapVerdict::cancel_and_start, OverlapVerdict::cancel_and_start},
    {Overlap::allow, OverlapVerdict::start, OverlapVerdict::start},
}};

}  // namespace

std::string_view name_of(Overlap overlap) { return kPolicyNames.at(static_cast<std::size_t>(overlap)).second; }

std::optional<Overlap> overlap_named(std::string_view name) {
  for (const auto& [overlap, known] : kPolicyNames)
    if (known == name) return overlap;
  return std::nullopt;
}

OverlapVerdict decide_overlap(Overlap policy, Busy busy) {
  if (busy.running == 0 && busy.queued == 0) return OverlapVerdict::start;
  const Row& row = kVerdicts.at(static_cast<std::size_t>(policy));
  return busy.queued > 0 ? row.queued : row.running;
}

}  // namespace carillon
