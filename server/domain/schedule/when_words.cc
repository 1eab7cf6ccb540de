#include "server/domain/schedule/when_words.h"

#include "server/base/ascii.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/nearest.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr auto kVocabulary = std::to_array<std::string_view>(
    {"in",    "every",  "at",      "on",       "from",    "between",  "and",      "weekdays", "weekends",
     "daily", "weekly", "monthly", "yearly",   "today",   "tomorrow", "of",       "month",    "last",
     "first", "day",    "week",    "year",     "minutes", "hours",    "days",     "weeks",    "months",
     "cron",  "rrule",  "manual",  "starting", "until",   "noon",     "midnight", "after",    "before",
     "when",  "event",  "webhook", "changes",  "where",   "times",    "run",      "task"});

}  // namespace

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Part trimmed(Part part) {
  while (!part.text.empty() && is_space(part.text.front())) part = part.from(1);
  while (!part.text.empty() && is_space(part.text.back())) part.text.remove_suffix(1);
  return part;
}

WhenCursor::WhenCursor(std::string_view text, std::size_t position, const WhenContext& context, Zone zone)
    : text_(text), begin_(position), context_(context), zone_(zone), zone_name_(context.zone) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at++;
    if (text[begin] != ',')
      while (at < text.size() && !is_space(text[at]) && text[at] != ',') ++at;
    const std::string_view word = text.substr(begin, at - begin);
    words_.push_back({lower_case(word), word, position + begin});
  }
}

std::string_view WhenCursor::peek(std::size_t ahead) const {
  return next_ + ahead < words_.size() ? std::string_view(words_[next_ + ahead].lower) : std::string_view{};
}

std::string_view WhenCursor::typed() const { return at_end() ? std::string_view{} : words_[next_].text; }

std::size_t WhenCursor::position() const { return at_end() ? begin_ + text_.size() : words_[next_].position; }

bool WhenCursor::take(std::string_view word) {
  if (refused() || peek() != word) return false;
  ++next_;
  return true;
}

bool WhenCursor::take_any(std::initializer_list<std::string_view> words) {
  for (const auto word : words)
    if (take(word)) return true;
  return false;
}

std::string_view WhenCursor::take_word() {
  const std::string_view word = peek();
  if (!at_end()) ++next_;
  return word;
}

void WhenCursor::drop(std::size_t index, std::size_t count) {
  const auto first = words_.begin() + static_cast<std::ptrdiff_t>(index);
  words_.erase(first, first + static_cast<std::ptrdiff_t>(count));
}

void WhenCursor::set_zone(Zone zone, std::string name) {
  zone_ = zone;
  zone_name_ = std::move(name);
}

LocalSeconds WhenCursor::local_now() const { return zone_.to_local(std::chrono::floor<Seconds>(context_.now)); }

std::nullopt_t WhenCursor::refuse(Error error) {
  if (!error.details.contains("position")) error.details["position"] = position();
  if (!error_) error_ = std::move(error);
  return std::nullopt;
}

std::nullopt_t WhenCursor::refuse_here(std::string message, std::initializer_list<std::string_view> instead) {
  return refuse(refuse_at(position(), std::move(message), instead));
}

std::nullopt_t WhenCursor::ambiguous(std::string message, const std::vector<std::string>& candidates) {
  Error error{ErrorCode::when_ambiguous, std::move(message), "/when"};
  error.try_instead = candidates;
  return refuse(std::move(error));
}

std::nullopt_t WhenCursor::ambiguous_word(std::string message, const std::vector<std::string>& ways) {
  std::vector<std::string> candidates;
  for (const auto& way : ways) candidates.push_back(with_word(way));
  return ambiguous(std::move(message), candidates);
}

std::string WhenCursor::with_word(std::string_view way) const {
  const std::size_t at = position() - begin_;
  return std::string(text_.substr(0, at)) + std::string(way) + std::string(text_.substr(at + typed().size()));
}

std::nullopt_t WhenCursor::not_understood() {
  if (at_end())
    return refuse_here("the text ends too early", {"weekdays at 09:00", "every 15m", "tomorrow 9am", "in 20m"});
  if (const auto meanings = meanings_of(peek()); meanings.size() > 1) {
    const std::vector<std::string> ways(meanings.begin(), meanings.end());
    std::string message = in_quotes(typed()) + " could be ";
    for (std::size_t i = 0; i < ways.size(); ++i)
      message += (i == 0 ? "" : i + 1 == ways.size() ? " or " : ", ") + ways[i];
    return ambiguous_word(std::move(message), ways);
  }
  std::string message = in_quotes(typed()) + " is not understood here";
  const auto near = nearest(peek(), kVocabulary, 2);
  const bool known = !near.empty() && near.front() == peek();
  if (!known) message += did_you_mean(near);
  return refuse_here(std::move(message),
                     {"in 20m", "tomorrow 9am", "2026-12-24 15:00", "every 15m", "weekdays at 09:00",
                      "1st of month at 08:00", "cron 0 9 * * 1-5", "rrule FREQ=WEEKLY;BYDAY=MO",
                      "on event deploy.finished", "after nightly-etl succeeds", "manual"});
}

std::nullopt_t refuse_moved(WhenCursor& cursor, Error error, std::size_t by) {
  error.details["position"] = error.details.value("position", std::size_t{0}) + by;
  error.pointer = "/when";
  return cursor.refuse(std::move(error));
}

Part take_first_word(Part& part) {
  std::size_t end = 0;
  while (end < part.text.size() && !is_space(part.text[end])) ++end;
  const Part word{part.text.substr(0, end), part.position};
  part = part.from(end);
  while (!part.text.empty() && is_space(part.text.front())) part = part.from(1);
  return word;
}

std::optional<std::string> take_expression(WhenCursor& cursor, Part part) {
  part = trimmed(part);
  if (part.text.empty())
    return cursor.refuse(
        refuse_at(part.position, "an expression is missing after \"where\"", {"payload.env == 'prod'"}));
  const auto compiled = jmespath::compile(part.text);
  if (!compiled) return refuse_moved(cursor, compiled.error(), part.position);
  return std::string(part.text);
}

std::optional<Instant> settle(const WhenCursor& cursor, LocalSeconds local) {
  const LocalReading reading = cursor.zone().read(local);
  if (reading.kind == LocalReading::Kind::overlap && cursor.context().overlap == DstOverlap::second)
    return reading.second;
  if (reading.kind == LocalReading::Kind::gap) {
    if (cursor.context().gap == DstGap::skip) return std::nullopt;
    if (cursor.context().gap == DstGap::earliest_after) return reading.change;
  }
  return reading.first;
}

Trigger trigger_of(const WhenCursor& cursor, decltype(Trigger::body) body) {
  const bool cron = std::holds_alternative<CronTrigger>(body);
  return {std::move(body), cursor.zone_name(),
          cursor.context().gap.value_or(cron ? DstGap::earliest_after : DstGap::shift),
          cursor.context().overlap.value_or(DstOverlap::first), std::nullopt};
}

}  // namespace carillon
