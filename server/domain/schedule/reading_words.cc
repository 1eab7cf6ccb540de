#include "server/domain/schedule/reading_words.h"

#include <bit>

#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return out;
}

std::string long_date(LocalSeconds local) {
  const CivilDay date =
      civil_day(static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count()));
  return std::to_string(date.day) + " " + std::string(month_name(date.month)) + " " + std::to_string(date.year);
}

std::string moment_text(const Zone& zone, Instant instant) {
  const UtcSeconds whole = std::chrono::floor<Seconds>(instant);
  const LocalSeconds local = zone.to_local(whole);
  const bool plain = Instant{whole} == instant && zone.read(local).kind == LocalReading::Kind::unique;
  return plain ? long_date(local) + " at " + wall_time(local) : to_rfc3339_in(instant, zone.name());
}

std::string counted(std::int64_t amount, TimeUnit unit) {
  if (amount == 1) return std::string(unit_name(unit));
  return std::to_string(amount) + " " + std::string(unit_name(unit)) + "s";
}

std::string length_text(const TimeSpan& span) {
  std::string out;
  const auto add = [&](std::int64_t amount, TimeUnit unit) {
    if (amount == 0) return;
    out += (out.empty() ? "" : " and ") + std::string(amount == 1 ? "1 " : "") + counted(amount, unit);
  };
  add(span.months, TimeUnit::month);
  add(span.days, TimeUnit::day);
  std::int64_t rest = span.seconds;
  for (const auto unit : {TimeUnit::hour, TimeUnit::minute, TimeUnit::second}) {
    add(rest / seconds_in(unit), unit);
    rest %= seconds_in(unit);
  }
  return out.empty() ? "0 seconds" : out;
}

std::string every_text(Seconds every) {
  for (const auto unit : {TimeUnit::hour, TimeUnit::minute, TimeUnit::second}) {
    const std::int64_t amount = every.count() / seconds_in(unit);
    if (every.count() % seconds_in(unit) == 0 && amount <= kNumberMax) return "every " + counted(amount, unit);
  }
  return "every " + length_text({0, 0, every.count()});
}

std::string weekdays_text(std::uint8_t days) {
  if (days == 0x1F) return "weekdays";
  if (days == 0x60) return "weekends";
  std::vector<std::string> names;
  for (unsigned day = 0; day < 7; ++day)
    if ((days >> day & 1U) != 0) names.emplace_back(weekday_name(day));
  return joined(names);
}

std::optional<std::string> times_text(std::uint64_t hours, std::uint64_t minutes, std::uint64_t seconds) {
  const TimesOfDay times{.hours = hours, .minutes = minutes, .seconds = seconds};
  if (times.count() > static_cast<std::int64_t>(kTimesInWordsMax)) return std::nullopt;
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < times.count(); ++i) texts.push_back(wall_time(LocalSeconds{Seconds{times.at(i)}}));
  return joined(texts);
}

std::vector<std::string> number_words(const std::vector<int>& numbers) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (last < i + 2) {
      words.push_back(std::to_string(numbers[i]));
      continue;
    }
    words.push_back(std::to_string(numbers[i]) + " to " + std::to_string(numbers[last]));
    i = last;
  }
  return words;
}

std::vector<int> members_of(std::uint64_t bits) {
  std::vector<int> out;
  for (; bits != 0; bits &= bits - 1) out.push_back(std::countr_zero(bits));
  return out;
}

}  // namespace carillon
