// A crontab: its entries and problems are within their limits and name lines that there are.
#include <algorithm>

#include "server/base/check.h"
#include "server/domain/schedule/crontab.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void crontab(std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const Crontab crontab = read_crontab(text);
  CARILLON_CHECK(crontab.entries.size() <= kCrontabEntriesMax && crontab.problems.size() <= kCrontabEntriesMax);
  for (const auto& entry : crontab.entries)
    CARILLON_CHECK(entry.line >= 1 && entry.line <= lines && !entry.schedule.empty() && !entry.command.empty());
}

const Target kCrontabTarget{"crontab", crontab};

}  // namespace
}  // namespace carillon::fuzz
