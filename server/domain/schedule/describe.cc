#include <array>
#include <cstdio>

#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

struct Wall {
  CivilDay date;
  unsigned weekday;
  int hour, minute, second;
};

Wall wall_of(LocalSeconds local) {
  const auto day = std::chrono::floor<std::chrono::days>(local.time_since_epoch());
  const auto number = static_cast<DayNumber>(day.count());
  const auto second = static_cast<int>((local.time_since_epoch() - day).count());
  return {civil_day(number), weekday_of(number), second / 3600, second / 60 % 60, second % 60};
}

Zone zone_or_utc(std::string_view name) {
  const auto zone = Zone::named(name);
  return zone ? *zone : Zone::utc();
}

template <class... Parts>
std::string format(const char* pattern, Parts... parts) {
  std::array<char, 96> text{};
  const int length = std::snprintf(text.data(), text.size(), pattern, parts...);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

std::string short_day(unsigned weekday) {
  std::string name(weekday_name(weekday).substr(0, 3));
  return name;
}

}  // namespace

std::string wall_date(LocalSeconds local) {
  const Wall wall = wall_of(local);
  return format("%04d-%02u-%02u", wall.date.year, wall.date.month, wall.date.day);
}

std::string wall_time(LocalSeconds local) {
  const Wall wall = wall_of(local);
  const std::string seconds = wall.second == 0 ? "" : format(":%02d", wall.second);
  return format("%02d:%02d", wall.hour, wall.minute) + seconds;
}

std::string describe_distance(Instant instant, Instant now) {
  const bool ahead = instant >= now;
  const auto seconds = std::chrono::round<Seconds>(ahead ? instant - now : now - instant).count();
  const std::array<std::pair<std::int64_t, const char*>, 5> units{
      {{365 * 86400, "y"}, {86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};
  // The two largest units; minutes alone are exact enough below an hour, seconds below ten minutes.
  std::string text;
  std::int64_t rest = seconds;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto [size, name] = units[i];
    if (rest < size) continue;
    text = std::to_string(rest / size) + " " + name;
    const std::int64_t remainder = rest % size;
    if (i + 1 < units.size() && remainder >= units[i + 1].first && !(i == 3 && rest >= 600))
      text += " " + std::to_string(remainder / units[i + 1].first) + " " + units[i + 1].second;
    break;
  }
  if (text.empty()) return "now";
  return ahead ? "in " + text : text + " ago";
}

std::string describe_instant(Instant instant, std::string_view zone, Instant now) {
  const LocalSeconds local = zone_or_utc(zone).to_local(std::chrono::floor<Seconds>(instant));
  return short_day(wall_of(local).weekday) + " " + wall_date(local) + " " + wall_time(local) + " (" +
         describe_distance(instant, now) + ")";
}

std::string describe_local(Instant instant, std::string_view zone_name) {
  const Zone zone = zone_or_utc(zone_name);
  const LocalSeconds local = zone.to_local(std::chrono::floor<Seconds>(instant));
  return short_day(wall_of(local).weekday) + " " + wall_date(local) + " " + wall_time(local) + " " + zone.name();
}

std::string to_rfc3339_in(Instant instant, std::string_view zone_name) {
  const Zone zone = zone_or_utc(zone_name);
  const UtcSeconds utc = std::chrono::floor<Seconds>(instant);
  const Wall wall = wall_of(zone.to_local(utc));
  const auto offset = static_cast<int>(zone.offset_at(utc).count());
  const int minutes = (offset < 0 ? -offset : offset) / 60;
  const auto micros = static_cast<int>((instant - utc).count());
  return format("%04d-%02u-%02uT%02d:%02d:%02d", wall.date.year, wall.date.month, wall.date.day, wall.hour, wall.minute,
                wall.second) +
         (micros == 0 ? "" : format(".%06d", micros)) +
         format("%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string describe_note(const Slot& slot, std::string_view zone_name) {
  const Zone zone = zone_or_utc(zone_name);
  const std::string wanted = wall_time(slot.wanted) + " on " + wall_date(slot.wanted);
  switch (slot.note) {
    case Slot::Note::none:
      return {};
    case Slot::Note::shifted_by_gap:
      return wall_time(slot.wanted) + " does not exist on " + wall_date(slot.wanted) +
             " (clocks go forward): " + wall_time(zone.to_local(std::chrono::floor<Seconds>(slot.at))) + " instead";
    case Slot::Note::first_of_two:
      return wanted + " comes twice (clocks go back): the first of the two";
    case Slot::Note::second_of_two:
      return wanted + " comes twice (clocks go back): the second of the two";
  }
  return {};
}

}  // namespace carillon
