// Times of day, spans and weekdays: the parts that phrases of the `when` language share. Dates are in when_dates.cc.
#include <algorithm>

#include "server/base/ascii.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

bool is_small_letter(char c) { return c >= 'a' && c <= 'z'; }

void add(TimeSpan& span, std::int64_t amount, TimeUnit unit) {
  if (unit == TimeUnit::month) span.months += amount;
  if (unit == TimeUnit::year) span.months += 12 * amount;
  if (unit == TimeUnit::day) span.days += amount;
  if (unit == TimeUnit::week) span.days += 7 * amount;
  if (unit < TimeUnit::day) span.seconds += amount * seconds_in(unit);
}

// One piece of a span and the units it goes through, largest first: "1h30m" from hours to minutes.
struct SpanPiece {
  TimeSpan span;
  TimeUnit largest, smallest;
};

// "1h30m", "15m": numbers and units without a space.
std::optional<SpanPiece> compact_span(std::string_view word) {
  std::optional<SpanPiece> piece;
  if (word.empty() || !is_digit(word[0])) return std::nullopt;
  while (!word.empty()) {
    const auto past_digits = std::find_if_not(word.begin(), word.end(), is_digit);
    const auto past_letters = std::find_if_not(past_digits, word.end(), is_small_letter);
    const auto digits = static_cast<std::size_t>(past_digits - word.begin());
    const auto letters = static_cast<std::size_t>(past_letters - past_digits);
    const auto amount = number_from(word.substr(0, digits));
    const auto unit = unit_from(word.substr(digits, letters));
    if (!amount || !unit) return std::nullopt;
    if (!piece) piece = SpanPiece{{}, *unit, *unit};
    piece->smallest = *unit;
    add(piece->span, *amount, *unit);
    word.remove_prefix(digits + letters);
  }
  return piece;
}

// A compact word, or a number and a unit apart.
std::optional<SpanPiece> take_span_piece(WhenCursor& cursor) {
  if (auto compact = compact_span(cursor.peek())) {
    cursor.take_word();
    return compact;
  }
  auto amount = take_number(cursor);
  if (!amount && cursor.take_any({"a", "an", "one"})) amount = 1;
  const auto unit = amount ? unit_from(cursor.peek()) : std::nullopt;
  if (!unit) return std::nullopt;
  cursor.take_word();
  SpanPiece piece{{}, *unit, *unit};
  add(piece.span, *amount, *unit);
  return piece;
}

struct Clock12 {
  std::string_view digits;
  enum class Half { none, am, pm } half;
};

Clock12 without_half(std::string_view word) {
  if (word.ends_with("am")) return {word.substr(0, word.size() - 2), Clock12::Half::am};
  if (word.ends_with("pm")) return {word.substr(0, word.size() - 2), Clock12::Half::pm};
  return {word, Clock12::Half::none};
}

// 7, 07:30, 07:30:15 as seconds of the day; nothing when it is not such a time.
std::optional<Seconds> clock_time(std::string_view digits) {
  std::array<std::int64_t, 3> parts{};
  std::size_t count = 0;
  while (count < 3) {
    const auto colon = digits.find(':');
    const std::string_view part = digits.substr(0, colon);
    const auto value = number_from(part);
    if (!value || part.size() > 2 || (count > 0 && part.size() != 2)) return std::nullopt;
    parts.at(count++) = *value;
    if (colon == std::string_view::npos) {
      digits = {};
      break;
    }
    digits.remove_prefix(colon + 1);
  }
  if (!digits.empty() || parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return Seconds{parts[0] * 3600 + parts[1] * 60 + parts[2]};
}

std::optional<std::vector<unsigned>> weekday_range(std::string_view word) {
  const auto dash = word.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = weekday_from(word.substr(0, dash)), to = weekday_from(word.substr(dash + 1));
  if (!from || !to) return std::nullopt;
  std::vector<unsigned> days{*from};
  for (unsigned day = *from; day != *to; days.push_back(day)) day = (day + 1) % 7;
  return days;
}

std::optional<std::vector<unsigned>> weekday_group(std::string_view word) {
  if (word == "weekdays" || word == "weekday") return std::vector<unsigned>{0, 1, 2, 3, 4};
  if (word == "weekends" || word == "weekend") return std::vector<unsigned>{5, 6};
  if (auto range = weekday_range(word)) return range;
  if (const auto day = weekday_from(word)) return std::vector<unsigned>{*day};
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> number_from(std::string_view word) {
  if (word.empty() || word.size() > 6 || !std::all_of(word.begin(), word.end(), is_digit)) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : word) value = value * 10 + (c - '0');
  return value;
}

LocalSeconds local_of(DayNumber day, Seconds time) { return LocalSeconds{Seconds{day * kDaySeconds} + time}; }

std::optional<std::int64_t> take_number(WhenCursor& cursor) {
  const auto number = cursor.refused() ? std::nullopt : number_from(cursor.peek());
  if (number) cursor.take_word();
  return number;
}

std::optional<TimeSpan> take_span(WhenCursor& cursor) {
  TimeSpan whole;
  std::optional<TimeUnit> smallest;
  while (!cursor.refused()) {
    const std::size_t mark = cursor.mark();
    if (smallest) cursor.take("and");
    const auto piece = take_span_piece(cursor);
    // "1 hour and 5 minutes" is one span, "14d and 7d" are two.
    if (!piece || (smallest && piece->largest >= *smallest)) {
      cursor.back_to(mark);
      break;
    }
    whole.months += piece->span.months;
    whole.days += piece->span.days;
    whole.seconds += piece->span.seconds;
    smallest = piece->smallest;
  }
  if (!smallest) return std::nullopt;
  return whole;
}

bool looks_like_time(std::string_view word) {
  return word == "noon" || word == "midnight" || clock_time(without_half(word).digits).has_value();
}

std::optional<Seconds> take_time(WhenCursor& cursor) {
  if (cursor.take("noon")) return Seconds{12 * 3600};
  if (cursor.take("midnight")) return Seconds{0};
  auto [digits, half] = without_half(cursor.peek());
  const auto time = cursor.refused() ? std::nullopt : clock_time(digits);
  if (!time) return std::nullopt;
  const std::size_t mark = cursor.mark();
  const bool bare_hour = digits.find(':') == std::string_view::npos;
  cursor.take_word();
  if (half == Clock12::Half::none && cursor.take("am")) half = Clock12::Half::am;
  if (half == Clock12::Half::none && cursor.take("pm")) half = Clock12::Half::pm;
  const std::int64_t hour = time->count() / 3600;
  if (half == Clock12::Half::none) {
    if (!bare_hour || hour == 0 || hour > 12) return time;
    cursor.back_to(mark);
    const std::string early = wall_time(LocalSeconds{*time}),
                      late = wall_time(LocalSeconds{*time + Seconds{hour == 12 ? 0 : 43200}});
    if (hour == 12)
      return cursor.ambiguous_word("\"12\" could be noon or midnight: write 12:00 or 00:00", {"12:00", "00:00"});
    return cursor.ambiguous_word(
        "\"" + std::to_string(hour) + "\" could be morning or evening: write " + early + " or " + late, {early, late});
  }
  if (hour == 0 || hour > 12) {
    cursor.back_to(mark);
    return cursor.refuse_here("am and pm go with hours from 1 to 12");
  }
  const std::int64_t within_half = time->count() - (hour == 12 ? 43200 : 0);
  return Seconds{within_half + (half == Clock12::Half::pm ? 43200 : 0)};
}

std::optional<std::vector<unsigned>> take_weekdays(WhenCursor& cursor) {
  std::vector<unsigned> days;
  while (!cursor.refused()) {
    const std::size_t mark = cursor.mark();
    if (!days.empty()) {
      const bool comma = cursor.take(",");
      const bool joined = cursor.take_any({"and", "&"});
      if (!comma && !joined) break;
    }
    const auto group = weekday_group(cursor.peek());
    if (!group) {
      cursor.back_to(mark);
      break;
    }
    cursor.take_word();
    days.insert(days.end(), group->begin(), group->end());
  }
  if (days.empty()) return std::nullopt;
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  return days;
}

}  // namespace carillon
