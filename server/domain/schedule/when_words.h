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
#include "server/domain/schedule/schedule.h"

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

  bool at_end() const { return next_ >= words_.size(); }
  std::string_view peek(std::size_t ahead = 0) const;  // lower case; empty past the end
  std::string_view typed() const;                      // the current word as typed
  std::size_t position() const;
  bool take(std::string_view word);
  bool take_any(std::initializer_list<std::string_view> words);
  std::string_view take_word();  // whatever it is
  std::size_t mark() const { return next_; }
  void back_to(std::size_t mark) { next_ = mark; }
  void drop_last(std::size_t count);  // words that were taken from the end
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
  std::nullopt_t ambiguous_word(std::string message, std::initializer_list<std::string> ways);
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

// A length of time: calendar units apart from elapsed ones.
struct TimeSpan {
  std::int64_t months = 0, days = 0, seconds = 0;
};
struct CivilDate {
  DayNumber day;
  enum class Year { said, supposed } year;  // supposed: the next one in which the date lies ahead
};

std::optional<TimeSpan> take_span(WhenCursor& cursor);                   // 20m, 1h30m, 2 hours, an hour
std::optional<Seconds> take_time(WhenCursor& cursor);                    // 07:30, 9am, noon; seconds of the day
std::optional<CivilDate> take_date(WhenCursor& cursor);                  // 2026-11-24, 24 November 2026, Nov 24
std::optional<std::vector<unsigned>> take_weekdays(WhenCursor& cursor);  // mon,thu; weekdays; mon-fri; mondays
std::optional<std::int64_t> take_number(WhenCursor& cursor);             // digits only
bool looks_like_time(std::string_view word);
LocalSeconds local_of(DayNumber day, Seconds time);

// ---- the forms; each returns the triggers it means, or nothing after a refusal

using Triggers = std::vector<Trigger>;
std::optional<Triggers> parse_cron_phrase(WhenCursor& cursor, std::string_view line, std::size_t position);
std::optional<Triggers> parse_rule_phrase(WhenCursor& cursor, std::string_view text, std::size_t position);
std::optional<Triggers> parse_every(WhenCursor& cursor);     // after "every": intervals and calendar phrases
std::optional<Triggers> parse_calendar(WhenCursor& cursor);  // weekdays at ..., 1st of month at ...
std::optional<Triggers> parse_relative(WhenCursor& cursor);  // after "in"
std::optional<Triggers> parse_absolute(WhenCursor& cursor);  // dates, today, tomorrow, friday
std::optional<Triggers> parse_before(WhenCursor& cursor);    // 28d, 14d, 7d before 2027-03-14 at 09:00
bool begins_calendar(const WhenCursor& cursor);
bool begins_before(WhenCursor& cursor);

// A wall-clock time as the instant that the gap and overlap policies give it; nothing in a gap that is skipped.
std::optional<Instant> settle(const WhenCursor& cursor, LocalSeconds local);
Trigger trigger_of(const WhenCursor& cursor, decltype(Trigger::body) body);

}  // namespace carillon
