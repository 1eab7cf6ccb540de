#include "server/domain/schedule/slot_question.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/json_text.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"

namespace carillon {
namespace {

constexpr std::int64_t kLimitDefault = 10, kLimitMax = 100'000;
const Instant kFirstInstant{std::chrono::sys_days{std::chrono::January / 1 / 1}};

Error wrong(const char* member, const std::string& message) {
  return {ErrorCode::arguments_invalid, std::string(member) + " " + message, std::string("/") + member};
}

Result<std::string> text_of(const json& question, const char* member, std::string otherwise) {
  if (!question.contains(member)) return otherwise;
  if (!question.at(member).is_string()) return wrong(member, "is a text");
  return question.at(member).get<std::string>();
}

// 2026-01-05T08:00:00 or 2026-01-05 in local time, with Z or an offset an instant; iCalendar's way of writing too.
std::optional<IcalTime> time_from(const std::string& text) {
  if (const auto ical = parse_ical_time(text)) return ical;
  const auto seconds = [](Instant instant) { return std::chrono::floor<Seconds>(instant.time_since_epoch()); };
  if (const auto exact = parse_rfc3339(text)) return IcalTime{seconds(*exact), RuleEnd::Form::utc};
  for (const char* rest : {"Z", ":00Z", "T00:00:00Z"})
    if (const auto local = parse_rfc3339(text + rest)) return IcalTime{seconds(*local), RuleEnd::Form::local};
  return std::nullopt;
}

Result<std::vector<IcalTime>> times_of(const json& question, const char* member) {
  std::vector<IcalTime> times;
  if (!question.contains(member)) return times;
  const json& said = question.at(member);
  for (const auto& one : said.is_array() ? said : json::array({said})) {
    const auto time = one.is_string() ? time_from(one.get<std::string>()) : std::nullopt;
    if (!time) return wrong(member, "is written 2026-01-05T08:00:00");
    times.push_back(*time);
  }
  return times;
}

// What is asked, apart from the schedule itself.
struct Frame {
  WhenContext context;
  std::optional<Instant> after;
  std::size_t limit;
};

Result<Frame> frame_of(const json& question, Instant now) {
  const auto zone = text_of(question, "tzid", "UTC"), after = text_of(question, "after", ""),
             gap = text_of(question, "gap", ""), overlap = text_of(question, "overlap", "");
  for (const auto* text : {&zone, &after, &gap, &overlap})
    if (!*text) return text->error();
  Frame frame{{now, *zone, dst_gap_named(*gap), dst_overlap_named(*overlap)}, std::nullopt, 0};
  if (const auto known = find_zone(*zone, "/tzid"); !known) return known.error();
  if (!gap->empty() && !frame.context.gap) return wrong("gap", "is shift, earliest_after or skip");
  if (!overlap->empty() && !frame.context.overlap) return wrong("overlap", "is first, second or both");
  if (!after->empty()) {
    const auto time = time_from(*after);
    if (!time) return wrong("after", "is an instant such as 2026-11-20T14:00:00Z");
    frame.after = parse_rfc3339(*after).value_or(Instant{Seconds{time->since_epoch}});
    frame.context.now = *frame.after;
  }
  const json limit = question.value("limit", json(kLimitDefault));
  if (!limit.is_number_integer() || limit < 1 || limit > kLimitMax)
    return wrong("limit", "is a whole number from 1 to " + std::to_string(kLimitMax));
  frame.limit = limit.get<std::size_t>();
  return frame;
}

Schedule alone(Trigger trigger, const std::string& zone) { return {{}, zone, {std::move(trigger)}, {}, {}}; }

Result<Schedule> rule_schedule(const json& question, const std::string& text, Frame& frame) {
  auto rule = parse_rrule(text);
  if (!rule) return rule.error();
  const auto starts = times_of(question, "dtstart");
  auto exdates = times_of(question, "exdate"), rdates = times_of(question, "rdate");
  for (const auto* times : {&starts, &std::as_const(exdates), &std::as_const(rdates)})
    if (!*times) return times->error();
  const Zone zone = *Zone::named(frame.context.zone);
  const auto local = [&](const IcalTime& time) {
    return time.form == RuleEnd::Form::local ? LocalSeconds{time.since_epoch}
                                             : zone.to_local(UtcSeconds{time.since_epoch});
  };
  const LocalSeconds said_at = zone.to_local(std::chrono::floor<Seconds>(frame.context.now));
  RuleTrigger trigger{ScheduleKind::rrule, *rule,
                      starts->empty() ? default_start(said_at, *rule) : local(starts->front())};
  trigger.exdates = *std::move(exdates);
  trigger.rdates = *std::move(rdates);
  const auto end = counted_end(trigger.rule, trigger.start, zone);
  if (end.too_many) return refuse_at(0, "COUNT is too large to be counted out for this rule: use UNTIL");
  trigger.last = end.last;
  if (!frame.after) frame.after = starts->empty() ? frame.context.now : kFirstInstant;
  return alone({std::move(trigger), frame.context.zone, frame.context.gap.value_or(DstGap::shift),
                frame.context.overlap.value_or(DstOverlap::first)},
               frame.context.zone);
}

Result<Schedule> schedule_of(const json& question, Frame& frame) {
  const char* const forms[]{"rrule", "cron", "when"};
  const auto given =
      std::count_if(std::begin(forms), std::end(forms), [&](const char* form) { return question.contains(form); });
  if (given != 1) return Error{ErrorCode::arguments_invalid, "give one of rrule, cron and when"};
  const auto rrule = text_of(question, "rrule", ""), cron = text_of(question, "cron", ""),
             when = text_of(question, "when", "");
  for (const auto* text : {&rrule, &cron, &when})
    if (!*text) return text->error();
  if (question.contains("rrule")) return rule_schedule(question, *rrule, frame);
  if (!frame.after) frame.after = frame.context.now;
  if (question.contains("when")) return parse_when(*when, frame.context);
  auto expression = parse_cron(*cron);
  if (!expression) return expression.error();
  return alone({CronTrigger{*std::move(expression)}, frame.context.zone,
                frame.context.gap.value_or(DstGap::earliest_after), frame.context.overlap.value_or(DstOverlap::first)},
               frame.context.zone);
}

Result<json> answer(const json& question, Instant now) {
  auto frame = frame_of(question, now);
  if (!frame) return frame.error();
  const auto schedule = schedule_of(question, *frame);
  if (!schedule) return schedule.error();
  auto slots = next_slots(*schedule, *frame->after, frame->limit + 1);
  const bool waits = std::any_of(schedule->triggers.begin(), schedule->triggers.end(), [](const Trigger& trigger) {
    return trigger.source() != TriggerSource::clock && trigger.source() != TriggerSource::hand;
  });
  if (slots.empty() && !is_open_ended(*schedule) && !next_slot(*schedule, kFirstInstant))
    return Error{ErrorCode::never_fires, "there is no time that fits: this would never fire"};
  const bool complete = slots.size() <= frame->limit && !waits;
  if (slots.size() > frame->limit) slots.pop_back();
  json next = json::array();
  for (const auto& slot : slots) next.push_back(to_rfc3339_in(slot.at, frame->context.zone));
  return json{{"next", std::move(next)}, {"complete", complete}};
}

json refused(const Error& error) {
  return {{"error",
           {{"code", describe(error.code).name},
            {"message", error.message},
            {"position", error.details.value("position", std::size_t{0})}}}};
}

}  // namespace

json answer_slot_question(std::string_view line, Instant now) {
  const auto question = read_json(line, "this line");
  if (!question) return refused(question.error());
  if (!question->is_object()) return refused({ErrorCode::arguments_invalid, "this line is not a JSON object"});
  const auto answered = answer(*question, now);
  return answered ? *answered : refused(answered.error());
}

}  // namespace carillon
