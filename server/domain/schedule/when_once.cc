// Phrases that mean one instant: in 20m, 2026-11-21 15:00, tomorrow 9am, friday 17:00.
#include <algorithm>

#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/reminder.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::int64_t kSpanDaysMax = 366LL * 200;

bool is_too_long(const TimeSpan& span) {
  return span.days + span.months * 31 > kSpanDaysMax || span.seconds > kSpanDaysMax * kDaySeconds;
}

std::optional<Triggers> once_at(WhenCursor& cursor, Instant at) {
  return Triggers{trigger_of(cursor, OnceTrigger{at})};
}

std::nullopt_t in_the_past(WhenCursor& cursor, std::string message, const std::vector<std::string>& instead) {
  Error error{ErrorCode::when_in_past, std::move(message), "/when"};
  error.try_instead = instead;
  error.details["position"] = cursor.begin();
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
  if (is_too_long(*span)) {
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
  if (span->days == 0 && span->months == 0) {
    if (span->seconds == 0)
      return in_the_past(cursor, "that is now, not ahead: run the task at once with run_now", {"in 1m"});
    // A whole second, so that the reading can say it, and not before the time is over.
    return once_at(cursor, std::chrono::ceil<Seconds>(cursor.now()) + Seconds{span->seconds});
  }
  const DayNumber day = plus_months(day_of(now), span->months) + static_cast<DayNumber>(span->days);
  if (time) return once_at_local(cursor, local_of(day, *time));
  const LocalSeconds local = local_of(day, now.time_since_epoch() - Seconds{day_of(now) * kDaySeconds});
  return once_at(cursor, instant_of(cursor.zone(), local) + Seconds{span->seconds});
}

std::optional<Triggers> parse_absolute(WhenCursor& cursor) {
  if (cursor.take("once")) cursor.take("at");
  cursor.take("on");
  if (const auto moment = take_iso_moment(cursor)) {
    if (moment->exact && *moment->exact > cursor.now()) return once_at(cursor, *moment->exact);
    return once_at_local(cursor, moment->local);
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

std::optional<Triggers> parse_before(WhenCursor& cursor) {
  ReminderTrigger reminder{take_spans(cursor)};
  if (std::any_of(reminder.before.begin(), reminder.before.end(), is_too_long)) {
    cursor.back_to(0);
    return cursor.refuse_here("that is more than 200 years ahead");
  }
  cursor.take("before");
  if (cursor.take("task")) {
    const std::size_t at = cursor.position();
    const auto name = task_name_from(cursor, {cursor.text().substr(at - cursor.begin()), at});
    if (!name) return std::nullopt;
    cursor.back_to(cursor.size());
    reminder.task = *name;
    return Triggers{trigger_of(cursor, std::move(reminder))};
  }
  if (!take_zone(cursor)) return std::nullopt;
  const auto anchor = parse_absolute(cursor);
  if (!anchor) return std::nullopt;
  reminder.moment = std::get<OnceTrigger>(anchor->front().body).at;
  const bool one_ahead = std::any_of(reminder.before.begin(), reminder.before.end(), [&](const TimeSpan& span) {
    return ahead_of(reminder.moment, span, cursor.zone()) > cursor.now();
  });
  const LocalSeconds local = cursor.zone().to_local(std::chrono::floor<Seconds>(reminder.moment));
  if (!one_ahead)
    return in_the_past(cursor, "all of these times have passed", {wall_date(local) + " " + wall_time(local)});
  return Triggers{trigger_of(cursor, std::move(reminder))};
}

bool begins_delay(WhenCursor& cursor) {
  const std::size_t mark = cursor.mark();
  cursor.take("every");
  const bool found = take_span(cursor) && cursor.peek() == "after";
  cursor.back_to(mark);
  return found;
}

std::optional<Triggers> parse_delay(WhenCursor& cursor) {
  cursor.take("every");
  const std::size_t begin = cursor.mark();
  const auto span = take_span(cursor);
  cursor.take("after");
  if (!cursor.take_any({"each", "every"}) || !cursor.take("run"))
    return cursor.refuse_here("a delay counts from the end of each run of the task itself",
                              {"15m after each run", "after nightly-etl succeeds"});
  const Seconds delay{span->seconds + span->days * kDaySeconds};
  if (span->months != 0 || delay < Seconds{1} || is_too_long(*span)) {
    cursor.back_to(begin);
    return cursor.refuse_here("a delay is counted in seconds to weeks, at least a second", {"15m after each run"});
  }
  DelayTrigger trigger{delay, std::chrono::floor<Seconds>(cursor.now()) + delay};
  const auto tail = take_tail(cursor);
  if (!tail) return std::nullopt;
  if (tail->count)
    return cursor.refuse_here("a number of times goes with calendar phrases: give options.max_runs instead");
  if (tail->starting) trigger.first = tail->starting->instant(cursor.zone());
  Triggers triggers{trigger_of(cursor, trigger)};
  if (tail->until) triggers.front().until = tail->until->instant(cursor.zone());
  return triggers;
}

}  // namespace carillon
