// Pieces of readings: dates, lists and lengths of time in words that the `when` language understands again.
//
// Internal to reading*.cc. No word here may be " or ", which joins triggers. Pure; thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/words.h"

namespace carillon {

inline constexpr std::size_t kTimesInWordsMax = 6;   // times of day that are listed one by one
inline constexpr std::int64_t kNumberMax = 999'999;  // the largest number that a text may have

std::string joined(const std::vector<std::string>& words);  // "a, b and c"
std::string long_date(LocalSeconds local);                  // "24 November 2026"
// "24 November 2026 at 10:00"; with its offset where that wall-clock time comes twice.
std::string moment_text(const Zone& zone, Instant instant);
std::string counted(std::int64_t amount, TimeUnit unit);  // "day", "2 days"
std::string length_text(const TimeSpan& span);            // "1 month and 2 hours"
std::string every_text(Seconds every);                    // "every 15 minutes"
std::string weekdays_text(std::uint8_t days);             // "weekdays", "Monday and Thursday"
std::optional<std::string> times_text(std::uint64_t hours, std::uint64_t minutes,
                                      std::uint64_t seconds);  // "09:00 and 17:00"
// "1", "3", "8 to 17"; numbers ascend.
std::vector<std::string> number_words(const std::vector<int>& numbers);
std::vector<int> members_of(std::uint64_t bits);

// A rule or cron line in full: words for people, then the line itself in parentheses, which is what counts. `own_zone`
// is the trigger's where it is not the task's, else empty.
std::string rule_in_full(const RuleTrigger& rule, const Zone& zone, const std::string& own_zone);
std::string cron_in_full(const CronExpression& cron, const std::string& own_zone);
// A rule in the words of the language; nothing where English has none for it.
std::optional<std::string> rule_in_words(const RuleTrigger& rule, const Zone& zone);

}  // namespace carillon
