#include "server/engine/run_waiting.h"

#include <algorithm>

#include "server/domain/run_handle.h"

namespace carillon {

namespace {

constexpr int kNamedMax = 5;

std::string one_of(const std::vector<KeyHolder>& holders, int width) {
  std::string names;
  for (int i = 0; i < std::min(width, kNamedMax); ++i) {
    const KeyHolder& holder = holders[static_cast<std::size_t>(i)];
    names += (i == 0 ? "" : ", ") + to_string(RunHandle{holder.task_name, holder.number, holder.retry});
  }
  return names + (width > kNamedMax ? " …" : "");
}

}  // namespace

std::string waits_for_key(Tx& tx, const TenantId& tenant, const RunRecord& run) {
  if (run.state != RunState::queued || !run.concurrency_key) return {};
  const int width = run.key_width.value_or(1);
  const auto holders = RunStore{tx}.key_holders(tenant, *run.concurrency_key, width);
  if (static_cast<int>(holders.size()) < width) return {};
  const std::string names = one_of(holders, width);
  if (width == 1) return names + " must end first: they share " + *run.concurrency_key;
  return "one of " + names + " must end first: max_parallel is " + std::to_string(width);
}

}  // namespace carillon
