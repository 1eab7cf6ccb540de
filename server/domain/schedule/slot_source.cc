#include "server/domain/schedule/slot_source.h"

#include <algorithm>

#include "server/domain/schedule/reminder.h"

namespace carillon {
namespace {

constexpr Seconds kWidestChange{26 * 3600};  // Samoa skipped a whole day

UtcSeconds next_second(Instant instant) { return std::chrono::floor<Seconds>(instant) + Seconds{1}; }

Instant last_instant() { return Instant{Seconds{kLastSecond}}; }

// The wall-clock time from which candidates can lie at or after `from`. A change nearby moves it back: times from a gap
// run after later times, and the second readings of an overlap come after its first ones.
std::int64_t local_begin(const Zone& zone, UtcSeconds from) {
  const OffsetSpan span = zone.span_at(from);
  std::int64_t begin = (from.time_since_epoch() + span.offset).count();
  if (from - span.begin < kWidestChange) {
    const Seconds before = zone.offset_at(span.begin - Seconds{1});
    begin = std::min(begin, (span.begin.time_since_epoch() + before).count());
  }
  if (span.end - from < kWidestChange) {
    const Seconds after = zone.offset_at(span.end);
    begin = std::min(begin, (span.end.time_since_epoch() + after).count());
  }
  return begin;
}

struct Readings {
  std::optional<Slot> first, second;
};

Readings readings_of(const LocalReading& reading, LocalSeconds wanted, const Trigger& trigger) {
  Readings out;
  switch (reading.kind) {
    case LocalReading::Kind::unique:
      out.first = Slot{reading.first};
      break;
    case LocalReading::Kind::gap:
      if (trigger.gap == DstGap::shift) out.first = Slot{reading.first, Slot::Note::shifted_by_gap, wanted};
      if (trigger.gap == DstGap::earliest_after) out.first = Slot{reading.change, Slot::Note::shifted_by_gap, wanted};
      break;
    case LocalReading::Kind::overlap:
      if (trigger.overlap != DstOverlap::second) out.first = Slot{reading.first, Slot::Note::first_of_two, wanted};
      if (trigger.overlap != DstOverlap::first) out.second = Slot{reading.second, Slot::Note::second_of_two, wanted};
      break;
  }
  return out;
}

std::vector<Instant> instants_of(const Zone& zone, const std::vector<IcalTime>& times) {
  std::vector<Instant> out;
  out.reserve(times.size());
  for (const auto& time : times) out.emplace_back(instant_of(zone, time));
  std::sort(out.begin(), out.end());
  return out;
}

Zone zone_of(const Trigger& trigger) {
  const auto zone = Zone::named(trigger.zone);
  return zone ? *zone : Zone::utc();  // a zone that tzdata has dropped; parsing refuses unknown ones
}

}  // namespace

UtcSeconds instant_of(const Zone& zone, LocalSeconds local) { return zone.read(local).first; }

UtcSeconds instant_of(const Zone& zone, const IcalTime& time) {
  if (time.form == RuleEnd::Form::utc) return UtcSeconds{time.since_epoch};
  return instant_of(zone, LocalSeconds{time.since_epoch});
}

std::optional<Instant> next_look(const Trigger& trigger, Instant after) {
  const auto* condition = std::get_if<ConditionTrigger>(&trigger.body);
  if (condition == nullptr) return std::nullopt;
  const Trigger rhythm{condition->looks, trigger.zone, trigger.gap, trigger.overlap, trigger.until};
  const auto slot = SlotSource{rhythm}.after(after);
  return slot ? std::optional{slot->at} : std::nullopt;
}

LocalSeconds default_start(LocalSeconds now, const RecurrenceRule& rule) {
  const LocalSeconds next = now + Seconds{1};
  if (rule.frequency == Frequency::secondly || !rule.by_second.empty()) return next;
  return std::chrono::ceil<std::chrono::minutes>(next);
}

CountedEnd counted_end(const RecurrenceRule& rule, LocalSeconds start, const Zone& zone) {
  if (!rule.count) return {};
  if (rule.below_a_day()) {
    const auto found = ElapsedGrid{rule, instant_of(zone, start), zone}.nth(*rule.count);
    CountedEnd end{std::nullopt, found.too_many};
    if (found.at) end.last = found.at->time_since_epoch();
    return end;
  }
  const auto found = LocalRule{rule, start.time_since_epoch().count()}.nth(*rule.count);
  CountedEnd end;
  if (found) end.last = Seconds{*found};
  return end;
}

SlotSource::SlotSource(const Trigger& trigger) : trigger_(trigger), zone_(zone_of(trigger)) {
  if (const auto* rule = std::get_if<RuleTrigger>(&trigger.body)) prepare(*rule);
  if (const auto* cron = std::get_if<CronTrigger>(&trigger.body)) {
    if (cron->expression.follows_clock) {
      rule_.emplace<ElapsedGrid>(cron->expression, zone_);
    } else {
      rule_.emplace<LocalRule>(cron->expression);
    }
  }
}

void SlotSource::prepare(const RuleTrigger& trigger) {
  const RecurrenceRule& rule = trigger.rule;
  added_ = instants_of(zone_, trigger.rdates);
  removed_ = instants_of(zone_, trigger.exdates);
  if (rule.until) {
    bounds_.until = instant_of(zone_, IcalTime{rule.until->since_epoch, rule.until->form});
    const std::int64_t latest = std::chrono::floor<Seconds>(bounds_.until.time_since_epoch() + kWidestChange).count();
    bounds_.local = std::min(bounds_.local, latest);
  }
  const auto last = trigger.last || !rule.count ? trigger.last : counted_end(rule, trigger.start, zone_).last;
  if (rule.below_a_day()) {
    if (last) bounds_.until = UtcSeconds{*last};
    rule_.emplace<ElapsedGrid>(rule, instant_of(zone_, trigger.start), zone_);
  } else {
    if (last) bounds_.local = std::min(bounds_.local, last->count());
    rule_.emplace<LocalRule>(rule, trigger.start.time_since_epoch().count());
  }
}

std::optional<Slot> SlotSource::after(Instant instant) const {
  const auto slot = unbounded_after(instant);
  if (slot && trigger_.until && slot->at > *trigger_.until) return std::nullopt;
  return slot;
}

std::optional<Slot> SlotSource::unbounded_after(Instant instant) const {
  if (instant >= last_instant()) return std::nullopt;
  if (const auto* once = std::get_if<OnceTrigger>(&trigger_.body))
    return once->at > instant ? std::optional{Slot{once->at}} : std::nullopt;
  if (const auto* interval = std::get_if<IntervalTrigger>(&trigger_.body)) return interval_after(*interval, instant);
  if (const auto* delay = std::get_if<DelayTrigger>(&trigger_.body))
    return delay->first > instant ? std::optional{Slot{delay->first}} : std::nullopt;
  if (const auto* reminder = std::get_if<ReminderTrigger>(&trigger_.body)) return reminder_after(*reminder, instant);
  if (rule_.index() == 0) return std::nullopt;  // not the clock's

  for (;;) {  // past what EXDATE takes out
    auto slot = rule_after(instant);
    const auto added = std::upper_bound(added_.begin(), added_.end(), instant);
    if (added != added_.end() && (!slot || *added < slot->at)) slot = Slot{*added};
    if (!slot || !std::binary_search(removed_.begin(), removed_.end(), slot->at)) return slot;
    instant = slot->at;
  }
}

std::optional<Slot> SlotSource::rule_after(Instant instant) const {
  const UtcSeconds from = next_second(instant);
  if (Instant{from} > bounds_.until) return std::nullopt;
  std::optional<Slot> slot;
  if (const auto* grid = std::get_if<ElapsedGrid>(&rule_)) {
    const Instant limit = std::min(bounds_.until, last_instant());
    if (const auto found = grid->first_from(from, std::chrono::floor<Seconds>(limit))) slot = Slot{*found};
  } else {
    slot = local_after(std::get<LocalRule>(rule_), from);
  }
  if (slot && slot->at > bounds_.until) return std::nullopt;
  return slot;
}

std::optional<Slot> SlotSource::local_after(const LocalRule& rule, UtcSeconds from) const {
  std::optional<Slot> best;
  std::int64_t limit = bounds_.local;
  auto candidate = rule.first_from(local_begin(zone_, from), limit);
  for (; candidate; candidate = rule.first_from(*candidate + 1, limit)) {
    const LocalSeconds wanted{Seconds{*candidate}};
    const LocalReading reading = zone_.read(wanted);
    const auto [first, second] = readings_of(reading, wanted, trigger_);
    for (const auto& slot : {first, second})
      if (slot && slot->at >= from && (!best || slot->at < best->at)) best = slot;
    if (!best) continue;
    if (reading.kind == LocalReading::Kind::unique) return best;
    // Around a change later wall-clock times can come earlier: look on to the end of the gap or overlap.
    const auto block_end =
        std::max(zone_.to_local(std::chrono::floor<Seconds>(best->at)), zone_.to_local(reading.change - Seconds{1}));
    limit = std::min(limit, block_end.time_since_epoch().count());
  }
  return best;
}

std::optional<Slot> SlotSource::reminder_after(const ReminderTrigger& reminder, Instant instant) const {
  std::optional<Slot> soonest;
  if (reminder.anchor) {
    const auto slots = reminder_slots(reminder, *reminder.anchor, instant, 1);
    return slots.empty() ? soonest : std::optional{slots.front()};
  }
  if (!reminder.task.empty()) return soonest;
  for (const auto& span : reminder.before) {
    const Instant at = ahead_of(reminder.moment, span, zone_);
    if (at > instant && (!soonest || at < soonest->at)) soonest = Slot{at};
  }
  return soonest;
}

std::optional<Slot> SlotSource::interval_after(const IntervalTrigger& interval, Instant instant) const {
  if (interval.window) return window_after(interval, instant);
  if (instant < interval.first) return Slot{interval.first};
  const auto steps = (instant - interval.first) / interval.every + 1;
  return Slot{interval.first + steps * interval.every};
}

std::optional<Slot> SlotSource::window_after(const IntervalTrigger& interval, Instant instant) const {
  const auto& window = *interval.window;
  instant = std::max(instant, interval.first - Duration{1});
  const std::int64_t local = zone_.to_local(std::chrono::floor<Seconds>(instant)).time_since_epoch().count();
  const auto today = std::chrono::floor<std::chrono::days>(Seconds{local}).count();
  // Yesterday's window may still be open; a week on, every weekday has been seen.
  for (auto day = today - 1; day <= today + 8; ++day) {
    if ((window.weekdays >> weekday_of(static_cast<DayNumber>(day)) & 1U) == 0) continue;
    const LocalSeconds midnight{Seconds{day * kDaySeconds}};
    const bool to_midnight = window.to.count() == kDaySeconds;
    const bool next_day = window.to <= window.from;
    const Instant opens = instant_of(zone_, midnight + window.from);
    const Instant closes = instant_of(zone_, midnight + window.to + (next_day ? Seconds{kDaySeconds} : Seconds{0}));
    Instant slot = opens;
    if (instant >= opens) slot += ((instant - opens) / interval.every + 1) * interval.every;
    if (to_midnight ? slot < closes : slot <= closes) return Slot{slot};
  }
  return std::nullopt;
}

}  // namespace carillon
