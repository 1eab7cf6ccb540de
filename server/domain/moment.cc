#include "server/domain/moment.h"

#include <charconv>
#include <optional>

#include "server/domain/duration_text.h"
#include "server/domain/refusal.h"
#include "server/domain/schedule/schedule.h"

namespace carillon {

namespace {

std::string trimmed_lower(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// Two or four digits at the front; taken off on success.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc{} || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// "15:00" or "15:00:30", all of the text.
std::optional<Seconds> time_of_day(std::string_view text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  std::optional<int> second = 0;
  if (take(text, ':')) second = take_number(text, 2);
  if (!minute || !second || !text.empty() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return Seconds{*hour * 3600 + *minute * 60 + *second};
}

// "2026-11-21", taken off.
std::optional<std::chrono::local_days> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::local_days{date};
}

std::optional<std::chrono::local_days> take_day_word(std::string_view& text, std::chrono::local_days today) {
  struct Word {
    std::string_view word;
    int days;
  };
  for (const auto& [word, days] : {Word{"today", 0}, Word{"yesterday", -1}, Word{"tomorrow", 1}}) {
    if (text.substr(0, word.size()) != word) continue;
    text.remove_prefix(word.size());
    return today + std::chrono::days{days};
  }
  return std::nullopt;
}

// A local day, alone or with a time of day.
std::optional<Instant> read_local(std::string_view text, const Zone& zone, Instant now) {
  const auto today = std::chrono::floor<std::chrono::days>(zone.to_local(std::chrono::floor<Seconds>(now)));
  auto day = take_day_word(text, today);
  if (!day) day = take_date(text);
  if (!day) return std::nullopt;
  std::optional<Seconds> time = Seconds{0};
  if (!text.empty()) {
    if (!take(text, ' ') && !take(text, 't')) return std::nullopt;
    if (text.substr(0, 3) == "at ") text.remove_prefix(3);
    time = time_of_day(text);
  }
  if (!time) return std::nullopt;
  return Instant{zone.read(LocalSeconds{*day} + *time).first};
}

std::optional<Instant> read_ago(std::string_view text, Instant now) {
  constexpr std::string_view kAgo = " ago";
  if (text.size() <= kAgo.size() || text.substr(text.size() - kAgo.size()) != kAgo) return std::nullopt;
  const auto distance = read_duration(text.substr(0, text.size() - kAgo.size()), "");
  if (!distance) return std::nullopt;
  return now - *distance;
}

}  // namespace

Result<Instant> read_moment(std::string_view text, const MomentContext& context) {
  if (const auto exact = parse_rfc3339(text)) return *exact;
  const auto zone = find_zone(context.zone);
  if (!zone) return zone.error();
  const std::string lower = trimmed_lower(text);
  if (lower == "now") return context.now;
  if (const auto ago = read_ago(lower, context.now)) return *ago;
  if (const auto local = read_local(lower, *zone, context.now)) return *local;
  const auto schedule = parse_when(text, {.now = context.now, .zone = context.zone});
  if (schedule && schedule->triggers.size() == 1)
    if (const auto* once = std::get_if<OnceTrigger>(&schedule->triggers.front().body)) return once->at;
  Error error = invalid("\"" + std::string(text) + "\" is no point in time", context.pointer, std::string(text));
  error.try_instead = json::array({"2026-11-21 15:00", "today 18:00", "2h ago", "in 3 days at 09:00"});
  return error;
}

Result<Instant> read_since(std::string_view text, const MomentContext& context) {
  const auto distance = read_duration(trimmed_lower(text), context.pointer);
  return distance ? context.now - *distance : read_moment(text, context);
}

}  // namespace carillon
