// Dates and moments in the words of the `when` language, and what may follow a repeating phrase.
#include <algorithm>

#include "server/base/ascii.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr int kFirstYearSaid = 1000;  // years have four digits

bool is_a_day(const CivilDay& date) {
  return date.year >= kFirstYearSaid && date.year <= kLastYear && date.month >= 1 && date.month <= 12 &&
         date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

// "24.12.2026" cut at its dots: two numbers of one or two digits and a year.
std::optional<std::array<int, 3>> three_numbers(std::string_view word, char separator) {
  const auto first = word.find(separator);
  const auto second = first == std::string_view::npos ? first : word.find(separator, first + 1);
  if (second == std::string_view::npos || first > 2 || second - first > 3 || word.size() - second != 5)
    return std::nullopt;
  const auto a = number_from(word.substr(0, first)), b = number_from(word.substr(first + 1, second - first - 1)),
             c = number_from(word.substr(second + 1));
  if (!a || !b || !c) return std::nullopt;
  return std::array<int, 3>{static_cast<int>(*a), static_cast<int>(*b), static_cast<int>(*c)};
}

std::optional<CivilDate> checked_date(WhenCursor& cursor, CivilDay date, std::size_t mark) {
  if (is_a_day(date)) return CivilDate{day_number(date), CivilDate::Year::said};
  cursor.back_to(mark);
  return cursor.refuse_here("there is no such day");
}

std::optional<CivilDate> iso_date(WhenCursor& cursor) {
  const std::string_view word = cursor.peek();
  if (word.size() != 10 || word[4] != '-' || word[7] != '-') return std::nullopt;
  const auto year = number_from(word.substr(0, 4)), month = number_from(word.substr(5, 2)),
             day = number_from(word.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::size_t mark = cursor.mark();
  cursor.take_word();
  return checked_date(cursor, {static_cast<int>(*year), static_cast<unsigned>(*month), static_cast<unsigned>(*day)},
                      mark);
}

std::optional<unsigned> day_of_month(std::string_view word) {
  if (const auto number = number_from(word); number && *number >= 1 && *number <= 31)
    return static_cast<unsigned>(*number);
  if (word.empty() || !is_digit(word[0])) return std::nullopt;
  const auto nth = ordinal_from(word);
  return nth && *nth <= 31 ? std::optional{static_cast<unsigned>(*nth)} : std::nullopt;
}

// 24.12.2026: with dots the day comes first wherever dates are written so.
std::optional<CivilDate> dotted_date(WhenCursor& cursor) {
  const auto numbers = three_numbers(cursor.peek(), '.');
  if (!numbers) return std::nullopt;
  const std::size_t mark = cursor.mark();
  cursor.take_word();
  const auto [day, month, year] = *numbers;
  return checked_date(cursor, {year, static_cast<unsigned>(month), static_cast<unsigned>(day)}, mark);
}

// 03/04/2027 is in March for some and in April for others.
std::optional<Done> refuse_slashed(WhenCursor& cursor) {
  const auto numbers = three_numbers(cursor.peek(), '/');
  if (!numbers) return Done{};
  const auto [first, second, year] = *numbers;
  std::vector<std::string> ways;
  for (const auto& [month, day] : {std::pair{first, second}, std::pair{second, first}}) {
    const CivilDay date{year, static_cast<unsigned>(month), static_cast<unsigned>(day)};
    if (is_a_day(date)) ways.push_back(wall_date(local_of(day_number(date), Seconds{0})));
  }
  if (first == second && !ways.empty()) ways.pop_back();
  if (ways.size() == 2)
    return cursor.ambiguous_word(in_quotes(cursor.typed()) + " could be " + ways[0] + " or " + ways[1], ways);
  Error error = refuse_at(cursor.position(), "a date is written 2026-11-21 or 21 November 2026");
  if (!ways.empty()) error.try_instead.push_back(cursor.with_word(ways[0]));
  return cursor.refuse(std::move(error));
}

// 24 November [2026], November 24[,] [2026]
std::optional<CivilDate> named_date(WhenCursor& cursor) {
  const std::size_t mark = cursor.mark();
  const std::string_view first = cursor.take_word();
  if (cursor.peek() == "of") cursor.take_word();
  const std::string_view second = cursor.take_word();
  auto day = day_of_month(first);
  auto month = month_from(second);
  if (!day || !month) {
    day = day_of_month(second);
    month = month_from(first);
  }
  if (!day || !month) {
    cursor.back_to(mark);
    if (!day_of_month(first) || meanings_of(second).size() < 2) return std::nullopt;
    cursor.take_word();  // "15 jui": June or July
    cursor.take("of");
    return cursor.not_understood();
  }
  const bool comma = cursor.peek() == ",";
  const auto year = number_from(cursor.peek(comma ? 1 : 0));
  if (year && cursor.peek(comma ? 1 : 0).size() == 4) {
    if (comma) cursor.take_word();
    cursor.take_word();
    return checked_date(cursor, {static_cast<int>(*year), *month, *day}, mark);
  }
  const auto today =
      static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(cursor.local_now().time_since_epoch()).count());
  // 29 February: the next year that has one.
  for (int ahead = 0; ahead <= 8; ++ahead) {
    const CivilDay date{civil_day(today).year + ahead, *month, *day};
    if (date.day > days_in_month(date.year, date.month) || day_number(date) < today) continue;
    return CivilDate{day_number(date), CivilDate::Year::supposed};
  }
  cursor.back_to(mark);
  return cursor.refuse_here("there is no such day");
}

enum class DayEdge { begin, end };

std::optional<SaidMoment> take_moment(WhenCursor& cursor, DayEdge edge) {
  if (auto moment = take_iso_moment(cursor)) return moment;
  const auto date = take_date(cursor);
  if (!date) return cursor.not_understood();
  const std::size_t mark = cursor.mark();
  cursor.take("at");
  if (looks_like_time(cursor.peek())) {
    const auto time = take_time(cursor);
    if (!time) return std::nullopt;
    return SaidMoment{local_of(date->day, *time)};
  }
  cursor.back_to(mark);
  return SaidMoment{local_of(date->day, edge == DayEdge::begin ? Seconds{0} : Seconds{kDaySeconds - 1})};
}

}  // namespace

std::optional<CivilDate> take_date(WhenCursor& cursor) {
  if (cursor.refused()) return std::nullopt;
  if (const auto date = iso_date(cursor)) return date;
  if (cursor.refused() || cursor.at_end()) return std::nullopt;
  if (const auto date = dotted_date(cursor)) return date;
  if (cursor.refused() || !refuse_slashed(cursor)) return std::nullopt;
  return named_date(cursor);
}

Instant SaidMoment::instant(const Zone& zone) const { return exact ? *exact : Instant{instant_of(zone, local)}; }

std::optional<SaidMoment> take_iso_moment(WhenCursor& cursor) {
  const std::string_view word = cursor.peek();
  if (cursor.refused() || word.size() < 16 || word[4] != '-' || word[10] != 't') return std::nullopt;
  std::string text = upper_case(word);
  if (text.size() == 16 || text[16] != ':') text.insert(16, ":00");
  // An offset without a colon, or of hours alone, is common.
  const auto sign = text.find_first_of("+-", 19);
  if (sign != std::string::npos && text.size() == sign + 5 && text[sign + 3] != ':') text.insert(sign + 3, ":");
  if (sign != std::string::npos && text.size() == sign + 3) text += ":00";
  const auto exact = parse_rfc3339(text), naive = exact ? exact : parse_rfc3339(text + "Z");
  if (!naive) return std::nullopt;
  cursor.take_word();
  const UtcSeconds whole = std::chrono::floor<Seconds>(*naive);
  if (exact) return SaidMoment{cursor.zone().to_local(whole), exact};
  return SaidMoment{LocalSeconds{whole.time_since_epoch()}};
}

std::optional<Tail> take_tail(WhenCursor& cursor) {
  Tail tail;
  while (!cursor.at_end() && !cursor.refused()) {
    cursor.take(",");
    const std::size_t mark = cursor.mark();
    const bool again = (tail.starting && (cursor.peek() == "starting" || cursor.peek() == "from")) ||
                       (tail.until && (cursor.peek() == "until" || cursor.peek() == "till"));
    if (again) return cursor.refuse_here("that has been said already");
    if (cursor.take_any({"starting", "from"})) {
      cursor.take_any({"on", "from"});
      tail.starting = take_moment(cursor, DayEdge::begin);
    } else if (cursor.take_any({"until", "till", "through"})) {
      tail.until = take_moment(cursor, DayEdge::end);
    } else {
      cursor.take("for");
      tail.count = take_number(cursor);
      if (!tail.count || *tail.count < 1 || !cursor.take_any({"times", "time"})) {
        if (!tail.count) cursor.back_to(mark);
        return cursor.not_understood();
      }
    }
  }
  if (cursor.refused()) return std::nullopt;
  return tail;
}

}  // namespace carillon
