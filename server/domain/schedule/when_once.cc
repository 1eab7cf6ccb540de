// Phrases that mean one instant: in 20m, 2026-11-21 15:00, tomorrow 9am, friday 17:00.
#include <algorithm>

#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::int64_t kSpanDaysMax = 366LL * 200;

DayNumber day_of(LocalSeconds local) {
  return static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count());
}

DayNumber plus_months(DayNumber day, std::int64_t months) {
  const CivilDay civil = civil_day(day);
  const std::int64_t index = std::int64_t{civil.year} * 12 + civil.month - 1 + months;
  const auto year = static_cast<int>(index / 12);
  const auto month = static_cast<unsigned>(index % 12) + 1;
  return day_number({year, month, std::min(civil.day, days_in_month(year, month))});
}

std::optional<Triggers> once_at(WhenCursor& cursor, Instant at) {
  return Triggers{trigger_of(cursor, OnceTrigger{at})};
}

std::nullopt_t in_the_past(WhenCursor& cursor, std::string message, const std::vector<std::string>& instead) {
  Error error{ErrorCode::when_in_past, std::move(message), "/when"};
  error.try_instead = instead;
  error.details["position"] = std::size_t{0};
  return cursor.refuse(std::move(error));
}

// A date typed with last year's number: the same day this year, or next year when that has passed too.
std::optional<std::string> nearest_year(const WhenCursor& cursor, LocalSeconds wanted) {
  const CivilDay then = civil_day(day_of(wanted)), today = civil_day(day_of(cursor.local_now()));
  const Seconds time = wanted.time_since_epoch() - Seconds{day_of(wanted) * kDaySeconds};
  for (int year = today.year; year <= today.year + 1; ++year) {
    const CivilDay moved{year, then.month, std::min(then.day, days_in_month(year, then.month))};
    const LocalSeconds local = local_of(day_number(moved), time);
    if (local > cursor.local_now()) return wall_date(local) + " " + wall_time(local);
  }
  return std::nullopt;
}

std::optional<Triggers> once_at_local(WhenCursor& cursor, LocalSeconds local) {
  const auto at = settle(cursor, local);
  if (!at)
    return cursor.refuse_here(wall_time(local) + " does not exist on " + wall_date(local) +
                              " (clocks go forward) and dst_gap is skip");
  if (*at > cursor.now()) return once_at(cursor, *at);
  const std::string said = wall_date(local) + " " + wall_time(local);
  const auto moved = nearest_year(cursor, local);
  const bool other_year = civil_day(day_of(local)).year < civil_day(day_of(cursor.local_now())).year;
  if (other_year && moved) return in_the_past(cursor, said + " has passed: did you mean " + *moved + "?", {*moved});
  const bool today = day_of(local) == day_of(cursor.local_now());
  std::vector<std::string> instead;
  if (today) instead.push_back("tomorrow " + wall_time(local));
  if (!today && moved) instead.push_back(*moved);
  return in_the_past(cursor, said + " has passed", instead);
}

// What an ISO 8601 date-time in one word means: naive in the zone, or with its own offset.
struct IsoMoment {
  std::optional<Instant> instant;
  LocalSeconds local{};
};

std::optional<IsoMoment> iso_moment(std::string_view word) {
  if (word.size() < 16 || word[4] != '-' || word[10] != 't') return std::nullopt;
  std::string text(word);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (text.size() == 16 || text[16] != ':') text.insert(16, ":00");
  // An offset without a colon, or of hours alone, is common.
  const auto sign = text.find_first_of("+-", 19);
  if (sign != std::string::npos && text.size() == sign + 5 && text[sign + 3] != ':') text.insert(sign + 3, ":");
  if (sign != std::string::npos && text.size() == sign + 3) text += ":00";
  if (const auto instant = parse_rfc3339(text)) return IsoMoment{instant, {}};
  const auto naive = parse_rfc3339(text + "Z");
  if (!naive) return std::nullopt;
  return IsoMoment{std::nullopt, LocalSeconds{std::chrono::floor<Seconds>(naive->time_since_epoch())}};
}

// The day that "today", "tomorrow" or a date means; the weekday forms are apart because time decides among them.
std::optional<CivilDate> take_day(WhenCursor& cursor) {
  const DayNumber today = day_of(cursor.local_now());
  if (cursor.take("today")) return CivilDate{today, CivilDate::Year::said};
  if (cursor.take("tomorrow")) return CivilDate{today + 1, CivilDate::Year::said};
  return take_date(cursor);
}

// "at 15:00" after a day; without a time there is nothing to guess.
std::optional<Seconds> take_time_of(WhenCursor& cursor, const std::string& day) {
  cursor.take(",");
  cursor.take("at");
  const auto time = take_time(cursor);
  if (time || cursor.refused()) return time;
  if (!cursor.at_end()) return cursor.not_understood();
  return cursor.ambiguous("the time of day is missing", {day + " 09:00", day + " 17:00"});
}

std::optional<Triggers> parse_weekday_once(WhenCursor& cursor) {
  const bool next = cursor.take("next");
  if (!next) cursor.take("this");
  const std::string said(cursor.typed());
  const auto days = take_weekdays(cursor);
  if (!days) return cursor.not_understood();
  const DayNumber today = day_of(cursor.local_now());
  const DayNumber ahead = static_cast<DayNumber>((days->front() + 7 - weekday_of(today)) % 7);
  if (cursor.at_end() && !next)
    return cursor.ambiguous("the time of day is missing, and " + in_quotes(said) + " could be once or every week",
                            {said + " 09:00", "every " + said + " at 09:00"});
  const auto time = take_time_of(cursor, wall_date(local_of(today + (ahead == 0 ? 7 : ahead), Seconds{0})));
  if (!time) return std::nullopt;
  const LocalSeconds soonest = local_of(today + ahead, *time), later = soonest + std::chrono::days{7};
  if (next && ahead == 0) {
    const auto written = [](LocalSeconds local) { return wall_date(local) + " " + wall_time(local); };
    std::vector<std::string> candidates{written(later), written(later + std::chrono::days{7})};
    if (soonest > cursor.local_now()) candidates.insert(candidates.begin(), written(soonest));
    return cursor.ambiguous(
        "today is " + std::string(weekday_name(days->front())) + ": \"next\" could be today, in a week or in two",
        candidates);
  }
  return once_at_local(cursor, soonest > cursor.local_now() ? soonest : later);
}

// Spans joined by commas and "and", then "before".
std::vector<TimeSpan> take_spans(WhenCursor& cursor) {
  std::vector<TimeSpan> spans;
  while (const auto span = take_span(cursor)) {
    spans.push_back(*span);
    const bool comma = cursor.take(",");
    if (!cursor.take("and") && !comma) break;
  }
  return spans;
}

}  // namespace

std::optional<Triggers> parse_relative(WhenCursor& cursor) {
  const std::size_t begin = cursor.mark();
  const auto span = take_span(cursor);
  if (!span) return cursor.not_understood();
  if (span->days + span->months * 31 > kSpanDaysMax || span->seconds > kSpanDaysMax * kDaySeconds) {
    cursor.back_to(begin);
    return cursor.refuse_here("that is more than 200 years away");
  }
  std::optional<Seconds> time;
  if (cursor.take("at")) {
    if (span->seconds != 0) return cursor.refuse_here("\"at\" goes with days, weeks, months and years");
    time = take_time(cursor);
    if (!time) return cursor.not_understood();
  }
  const LocalSeconds now = cursor.local_now();
  const Duration fraction = cursor.now() - std::chrono::floor<Seconds>(cursor.now());
  if (span->days == 0 && span->months == 0) {
    if (span->seconds == 0)
      return in_the_past(cursor, "that is now, not ahead: run the task at once with run_now", {"in 1m"});
    return once_at(cursor, cursor.now() + Seconds{span->seconds});
  }
  const DayNumber day = plus_months(day_of(now), span->months) + static_cast<DayNumber>(span->days);
  if (time) return once_at_local(cursor, local_of(day, *time));
  const LocalSeconds local = local_of(day, now.time_since_epoch() - Seconds{day_of(now) * kDaySeconds});
  return once_at(cursor, Instant{instant_of(cursor.zone(), local)} + fraction + Seconds{span->seconds});
}

std::optional<Triggers> parse_absolute(WhenCursor& cursor) {
  if (cursor.take("once")) cursor.take("at");
  cursor.take("on");
  if (const auto moment = iso_moment(cursor.peek())) {
    cursor.take_word();
    if (!moment->instant) return once_at_local(cursor, moment->local);
    if (*moment->instant > cursor.now()) return once_at(cursor, *moment->instant);
    return once_at_local(cursor, cursor.zone().to_local(std::chrono::floor<Seconds>(*moment->instant)));
  }
  // A weekday in front of a date is only checked.
  std::optional<unsigned> checked;
  const std::size_t begin = cursor.mark();
  if (const auto weekday = weekday_from(cursor.peek())) {
    cursor.take_word();
    cursor.take(",");
    const bool date_follows = !looks_like_time(cursor.peek()) && !cursor.at_end() && cursor.peek() != "at";
    if (!date_follows) {
      cursor.back_to(begin);
      return parse_weekday_once(cursor);
    }
    checked = weekday;
  }
  if (cursor.peek() == "next" || cursor.peek() == "this") return parse_weekday_once(cursor);
  const std::size_t at_date = cursor.mark();
  const std::string said(cursor.typed());
  const auto date = take_day(cursor);
  if (!date) return cursor.not_understood();
  if (checked && weekday_of(date->day) != *checked) {
    cursor.back_to(begin);
    return cursor.refuse_here("that day is a " + std::string(weekday_name(weekday_of(date->day))));
  }
  std::string day_text = wall_date(local_of(date->day, Seconds{0}));
  if (cursor.mark() == at_date + 1 && (said == "today" || said == "tomorrow")) day_text = said;
  const auto time = take_time_of(cursor, day_text);
  if (!time) return std::nullopt;
  LocalSeconds local = local_of(date->day, *time);
  if (date->year == CivilDate::Year::supposed && local <= cursor.local_now())
    local = local_of(plus_months(date->day, 12), *time);
  return once_at_local(cursor, local);
}

bool begins_before(WhenCursor& cursor) {
  const std::size_t mark = cursor.mark();
  const bool found = !take_spans(cursor).empty() && cursor.peek() == "before";
  cursor.back_to(mark);
  return found;
}

// Reminders ahead of a moment; those whose time has passed already are left out as long as one is still to come.
std::optional<Triggers> parse_before(WhenCursor& cursor) {
  const std::vector<TimeSpan> spans = take_spans(cursor);
  cursor.take("before");
  if (cursor.peek() == "task")
    return cursor.refuse_here("reminders ahead of another task are not offered here; give the date",
                              {"2h before 2027-03-14 at 09:00"});
  const auto anchor = parse_absolute(cursor);
  if (!anchor) return std::nullopt;
  const Instant moment = std::get<OnceTrigger>(anchor->front().body).at;
  const LocalSeconds local = cursor.zone().to_local(std::chrono::floor<Seconds>(moment));
  Triggers triggers;
  for (const TimeSpan& span : spans) {
    const DayNumber day = plus_months(day_of(local), -span.months) - static_cast<DayNumber>(span.days);
    const LocalSeconds moved = local_of(day, local.time_since_epoch() - Seconds{day_of(local) * kDaySeconds});
    const bool same_day = span.days == 0 && span.months == 0;
    const Instant at = (same_day ? moment : Instant{instant_of(cursor.zone(), moved)}) - Seconds{span.seconds};
    if (at > cursor.now()) triggers.push_back(trigger_of(cursor, OnceTrigger{at}));
  }
  if (triggers.empty())
    return in_the_past(cursor, "all of these times have passed", {wall_date(local) + " " + wall_time(local)});
  return triggers;
}

}  // namespace carillon
