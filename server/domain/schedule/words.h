// The words of the `when` language: names of weekdays, months, units and ordinals, one table for reading and for
// writing. Weekdays and months are read in every language that has a row in calendar_names.h and written in English;
// all other words are English. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/schedule/zone.h"

namespace carillon {

std::string_view weekday_name(unsigned weekday);  // "Monday" for 0
std::string_view month_name(unsigned month);      // "January" for 1

// From three letters on, plural allowed: mon, tues, Wednesday, fridays, Dienstag, mié. Neither case nor accents matter;
// nothing when the word is unknown, or short for names of different days or months (see meanings_of).
std::optional<unsigned> weekday_from(std::string_view word);
std::optional<unsigned> month_from(std::string_view word);
// "mondays", "sábados": the word is known only without its last s. "lunes" is no plural.
bool is_plural_weekday(std::string_view word);
// What an abbreviation could stand for, in English: "mar" gives March and Tuesday (mardi, martes). One or none: it is
// not ambiguous.
std::vector<std::string_view> meanings_of(std::string_view word);
// first, 1st, second, 2nd ... 31st; last is -1.
std::optional<int> ordinal_from(std::string_view word);
std::string ordinal_name(int nth);  // "first", "second", ... "fifth", then "6th"; "last"; "second to last"
std::string date_ordinal(int nth);  // "1st", "22nd"; "last day"

enum class TimeUnit { second, minute, hour, day, week, month, year };
// s, sec, seconds, m, min, minutes, h, hr, hours, d, days, w, weeks, months, years. `m` means minutes.
std::optional<TimeUnit> unit_from(std::string_view word);
std::string_view unit_name(TimeUnit unit);
std::int64_t seconds_in(TimeUnit unit);  // second to week; months and years have no fixed length (0)

// "2026-11-24", "07:30" (with seconds where they are not zero)
std::string wall_date(LocalSeconds local);
std::string wall_time(LocalSeconds local);

}  // namespace carillon
