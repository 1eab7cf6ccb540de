// Which days of the calendar count: the part that recurrence rules and cron lines share.
//
// A day counts when its month does and the day parts agree; with `DayParts::either` (cron's two day fields) one of them
// is enough. Answers come a month at a time as a bit mask, so that empty months and years cost next to nothing.
// Values; thread-safe as such.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/domain/schedule/zone.h"

namespace carillon {

using DayNumber = std::int32_t;  // days since 1970-01-01

struct CivilDay {
  int year;
  unsigned month, day;
};
DayNumber day_number(CivilDay civil);
CivilDay civil_day(DayNumber day);
unsigned days_in_month(int year, unsigned month);
inline DayNumber day_of(LocalSeconds local) {
  return static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count());
}
unsigned weekday_of(DayNumber day);  // 0 is Monday
int days_in_year(int year);

inline constexpr int kLastYear = 9999;  // what RFC 3339 can write; a rule without a match until then never fires

struct DayFilter {
  enum class DayParts { both, either };
  enum class OrdinalScope { month, year };  // what "the second Monday" counts in
  struct Ordinal {
    int nth;  // from the start, or from the end when negative
    unsigned weekday;
  };

  std::uint16_t months = 0x1FFE;          // bit 1 is January
  std::uint32_t month_days = 0;           // bit 1 is the first; a part is absent when all of its members are empty
  std::uint32_t month_days_from_end = 0;  // bit 1 is the last
  std::uint32_t nearest_weekdays = 0;     // cron's nW: bit n; bit 0 is LW
  std::uint8_t weekdays = 0;              // bit 0 is Monday
  std::vector<Ordinal> ordinals{};
  OrdinalScope ordinal_scope = OrdinalScope::month;
  std::vector<int> year_days{};  // 1 to 366, or negative from the end
  DayParts day_parts = DayParts::both;

  // Bit n is set when day n of that month counts.
  std::uint32_t days_of(int year, unsigned month) const;
  bool counts(DayNumber day) const;
  // The first day that counts, `from` or later, not later than `limit`.
  std::optional<DayNumber> first_from(DayNumber from, DayNumber limit) const;
};

}  // namespace carillon
