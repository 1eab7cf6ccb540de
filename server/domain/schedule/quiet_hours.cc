#include "server/domain/schedule/quiet_hours.h"

#include <algorithm>

#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kWindowsMax = 20;

// "22:00-07:00" is one word; dashes with spaces, "to" and "until" are accepted as well.
std::string spaced(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit_at = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    const bool between_times = text[i] == '-' && ((i > 0 && digit_at(i - 1)) || digit_at(i + 1));  // not mon-fri
    out += between_times ? std::string(" - ") : std::string(1, text[i]);
  }
  return out;
}

std::optional<IntervalTrigger::Window> take_quiet_window(WhenCursor& cursor) {
  const auto from = take_time(cursor);
  if (!from || !cursor.take_any({"-", "to", "until"})) return cursor.not_understood();
  const auto to = cursor.take("24:00") ? std::optional{Seconds{kDaySeconds}} : take_time(cursor);
  if (!to) return cursor.not_understood();
  IntervalTrigger::Window window{*from, to->count() == 0 ? Seconds{kDaySeconds} : *to, 0x7F};
  cursor.take("on");
  if (const auto days = take_weekdays(cursor)) {
    window.weekdays = 0;
    for (const unsigned day : *days) window.weekdays |= static_cast<std::uint8_t>(1U << day);
  }
  return window;
}

struct Span {
  Instant begin, end;
};

// The window that opens on that day, if it does.
std::optional<Span> span_on(const IntervalTrigger::Window& window, const Zone& zone, DayNumber day) {
  if ((window.weekdays >> weekday_of(day) & 1U) == 0) return std::nullopt;
  const DayNumber closing_day = window.to <= window.from ? day + 1 : day;
  return Span{instant_of(zone, local_of(day, window.from)), instant_of(zone, local_of(closing_day, window.to))};
}

}  // namespace

Result<QuietHours> parse_quiet_hours(std::string_view text, std::string_view zone_name, std::string_view pointer) {
  const auto zone = find_zone(zone_name);
  if (!zone) return zone.error();
  const std::string words = spaced(text.substr(0, 1000));
  const WhenContext context{Instant{}, std::string(zone_name)};
  WhenCursor cursor{words, 0, context, *zone};
  QuietHours quiet{{}, std::string(zone_name)};
  do {
    const auto window = take_quiet_window(cursor);
    if (!window) break;
    quiet.windows.push_back(*window);
  } while (cursor.take_any({",", "or", "and"}) && quiet.windows.size() < kWindowsMax);
  if (!cursor.refused() && !cursor.at_end()) cursor.not_understood();
  if (!cursor.refused()) return quiet;
  Error error{ErrorCode::arguments_invalid,
              "quiet hours are written 22:00-07:00 or 22:00-07:00 on weekdays: " + cursor.error().message,
              std::string(pointer)};
  error.received = std::string(text.substr(0, 200));
  error.try_instead = {"22:00-07:00", "22:00-07:00 on weekdays"};
  error.details["position"] = std::min(cursor.error().details.value("position", std::size_t{0}), text.size());
  return error;
}

std::string reads(const QuietHours& quiet) {
  std::string out;
  for (const auto& window : quiet.windows) {
    const std::string to = window.to.count() == kDaySeconds ? "24:00" : wall_time(LocalSeconds{window.to});
    out += (out.empty() ? "" : ", ") + wall_time(LocalSeconds{window.from}) + "-" + to;
    if (window.weekdays == 0x7F) continue;
    std::string days;
    for (unsigned day = 0; day < 7; ++day)
      if ((window.weekdays >> day & 1U) != 0) days += (days.empty() ? "" : " and ") + std::string(weekday_name(day));
    out += " on " + days;
  }
  return out;
}

std::optional<Instant> next_allowed(const QuietHours& quiet, Instant instant) {
  const auto zone = Zone::named(quiet.zone);
  if (!zone) return instant;
  const auto today = [&](Instant at) {
    const LocalSeconds local = zone->to_local(std::chrono::floor<Seconds>(at));
    return static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count());
  };
  // Windows may follow each other; after two weeks without a pause there is none.
  const Instant horizon = instant + std::chrono::days{14};
  while (instant < horizon) {
    std::optional<Instant> ends;
    for (const auto& window : quiet.windows)
      for (DayNumber day = today(instant) - 1; day <= today(instant); ++day)
        if (const auto span = span_on(window, *zone, day); span && span->begin <= instant && instant < span->end)
          ends = std::max(ends.value_or(span->end), span->end);
    if (!ends) return instant;
    instant = *ends;
  }
  return std::nullopt;
}

}  // namespace carillon
