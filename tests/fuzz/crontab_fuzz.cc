// A crontab: its entries and problems are within their limits and name lines that there are.
#include <algorithm>

#include "server/base/check.h"
#include "server/domain/schedule/crontab.h"
#include "tests/fuzz/two_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const Crontab crontab = read_crontab(text);
  CARILLON_CHECK(crontab.entries.size() <= kCrontabEntriesMax && crontab.problems.size() <= kCrontabEntriesMax);
  for (const auto& entry : crontab.entries)
    CARILLON_CHECK(entry.line >= 1 && entry.line <= lines && !entry.schedule.empty() && !entry.command.empty());
  return 0;
}
