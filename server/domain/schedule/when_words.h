// The words of a `when` text, and a cursor over them that keeps the first refusal.
//
// Internal to the parser (when_*.cc). A take_... function either takes what it names and moves on, or leaves the cursor
// where it was; after a refusal it takes nothing. One parse owns its cursor: not thread-safe, needs not be.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/error.h"
#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/words.h"

namespace carillon {

struct Word {
  std::string lower;      // a comma is a word of its own
  std::string_view text;  // as typed
  std::size_t position;   // in the whole text
};

// One alternative of the text (between two ` or `) with what is known around it.
class WhenCursor {
 public:
  WhenCursor(std::string_view text, std::size_t position, const WhenContext& context, Zone zone);
  std::size_t begin() const { return begin_; }  // where this alternative stands in the whole text

  bool at_end() const { return next_ >= words_.size(); }
  std::string_view peek(std::size_t ahead = 0) const;  // lower case; empty past the end
  std::string_view typed() const;                      // the current word as typed
  std::size_t position() const;
  bool take(std::string_view word);
  bool take_any(std::initializer_list<std::string_view> words);
  std::string_view take_word();  // whatever it is
  std::size_t mark() const { return next_; }
  void back_to(std::size_t mark) { next_ = mark; }
  void drop(std::size_t index, std::size_t count);  // words that have been understood out of turn
  std::size_t size() const { return words_.size(); }
  const Word& word(std::size_t index) const { return words_[index]; }

  std::string_view text() const { return text_; }
  Instant now() const { return context_.now; }
  const WhenContext& context() const { return context_; }
  const Zone& zone() const { return zone_; }
  const std::string& zone_name() const { return zone_name_; }
  void set_zone(Zone zone, std::string name);
  LocalSeconds local_now() const;

  // The first refusal wins; returns nothing, so that `return cursor.refuse(...)` reads well.
  std::nullopt_t refuse(Error error);
  std::nullopt_t refuse_here(std::string message, std::initializer_list<std::string_view> instead = {});
  std::nullopt_t ambiguous(std::string message, const std::vector<std::string>& candidates);
  // The word here has several meanings: the candidates are the text with it written in each of these ways.
  std::nullopt_t ambiguous_word(std::string message, const std::vector<std::string>& ways);
  // This alternative with another word in the place of the one here.
  std::string with_word(std::string_view way) const;
  // The word here is not one that the grammar expects.
  std::nullopt_t not_understood();
  bool refused() const { return error_.has_value(); }
  const Error& error() const { return *error_; }

 private:
  std::string_view text_;
  std::size_t begin_;
  const WhenContext& context_;
  Zone zone_;
  std::string zone_name_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

// ---- what phrases are made of (when_parts.cc)

struct CivilDate {
  DayNumber day;
  enum class Year { said, supposed } year;  // supposed: the next one in which the date lies ahead
};

std::optional<TimeSpan> take_span(WhenCursor& cursor);                   // 20m, 1h30m, 2 hours, an hour
std::optional<Seconds> take_time(WhenCursor& cursor);                    // 07:30, 9am, noon; seconds of the day
std::optional<CivilDate> take_date(WhenCursor& cursor);                  // 2026-11-24, 24 November 2026, Nov 24
std::optional<std::vector<unsigned>> take_weekdays(WhenCursor& cursor);  // mon,thu; weekdays; mon-fri; mondays
std::optional<std::int64_t> take_number(WhenCursor& cursor);             // digits only
std::optional<std::int64_t> number_from(std::string_view word);          // at most six digits
bool looks_like_time(std::string_view word);
LocalSeconds local_of(DayNumber day, Seconds time);
// "Europe/Berlin" among the words is the zone of the phrase. False after a refusal.
bool take_zone(WhenCursor& cursor);

// A moment as it was said: wall-clock time of the phrase's zone, or exact with an offset of its own.
struct SaidMoment {
  LocalSeconds local{};
  std::optional<Instant> exact{};
  Instant instant(const Zone& zone) const;
};
std::optional<SaidMoment> take_iso_moment(WhenCursor& cursor);  // 2026-11-21T15:00+01:00, in one word

// What may follow a repeating phrase: , starting 24 November 2026 at 10:00, until 2027-01-01, 5 times
struct Tail {
  std::optional<SaidMoment> starting{}, until{};
  std::optional<std::int64_t> count{};
};
std::optional<Tail> take_tail(WhenCursor& cursor);

// A piece of the text and the byte at which it begins.
struct Part {
  std::string_view text;
  std::size_t position;
  Part from(std::size_t at) const { return {text.substr(at), position + at}; }
};
Part trimmed(Part part);
bool is_space(char c);
// The next word of a part; the part moves behind it and the white space that follows.
Part take_first_word(Part& part);
// JMESPath that compiles.
std::optional<std::string> take_expression(WhenCursor& cursor, Part part);
// Refuses with an error whose position counts from `by`.
std::nullopt_t refuse_moved(WhenCursor& cursor, Error error, std::size_t by);

// ---- the forms; each returns the triggers it means, or nothing after a refusal

using Triggers = std::vector<Trigger>;
// Of these the part behind their first words is given, because it is no list of words.
std::optional<Triggers> parse_cron_phrase(WhenCursor& cursor, Part line);
std::optional<Triggers> parse_rule_phrase(WhenCursor& cursor, Part text);
std::optional<Triggers> parse_event_phrase(WhenCursor& cursor, Part text);      // after "on event"
std::optional<Triggers> parse_chain_phrase(WhenCursor& cursor, Part text);      // after "after"
std::optional<Triggers> parse_condition_phrase(WhenCursor& cursor, Part text);  // after "when"
// The name of another task: what is left, or quoted. Says what must not stand in a name.
std::optional<std::string> task_name_from(WhenCursor& cursor, Part text);

std::optional<Triggers> parse_every(WhenCursor& cursor);     // after "every": intervals and calendar phrases
std::optional<Triggers> parse_calendar(WhenCursor& cursor);  // weekdays at ..., 1st of month at ...
// After "every" and what stands between it and these: how often, on which days.
std::optional<Triggers> parse_interval(WhenCursor& cursor, Seconds every);
std::optional<Triggers> parse_units(WhenCursor& cursor, TimeUnit unit, std::int64_t interval);
std::optional<Triggers> parse_weekly(WhenCursor& cursor, RecurrenceRule rule);
std::optional<Triggers> parse_day_of_month(WhenCursor& cursor, RecurrenceRule rule);
std::optional<Triggers> parse_relative(WhenCursor& cursor);  // after "in"
std::optional<Triggers> parse_absolute(WhenCursor& cursor);  // dates, today, tomorrow, friday
std::optional<Triggers> parse_before(WhenCursor& cursor);    // 28d, 14d, 7d before 2027-03-14 at 09:00
std::optional<Triggers> parse_delay(WhenCursor& cursor);     // 15m after each run
bool begins_calendar(const WhenCursor& cursor);
bool begins_before(WhenCursor& cursor);
bool begins_delay(WhenCursor& cursor);

// A wall-clock time as the instant that the gap and overlap policies give it; nothing in a gap that is skipped.
std::optional<Instant> settle(const WhenCursor& cursor, LocalSeconds local);
Trigger trigger_of(const WhenCursor& cursor, decltype(Trigger::body) body);

}  // namespace carillon
