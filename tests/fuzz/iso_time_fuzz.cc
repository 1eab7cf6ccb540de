// Times as other programs write them: RFC 3339, iCalendar, and a whole slot question in JSON.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/clock.h"
#include "server/domain/moment.h"
#include "server/domain/schedule/rrule.h"
#include "server/domain/schedule/slot_question.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void iso_time(std::string_view text) {
  const Instant now = *parse_rfc3339("2026-11-20T13:00:00Z");
  if (const auto instant = parse_rfc3339(text)) CARILLON_CHECK(parse_rfc3339(to_rfc3339(*instant)) == instant);
  if (const auto time = parse_ical_time(text)) {
    const auto again = parse_ical_time(to_ical(*time));
    CARILLON_CHECK(again && again->since_epoch == time->since_epoch && again->form == time->form);
  }
  static_cast<void>(read_moment(text, {now, "Europe/Berlin", "/from"}));
  const json answer = answer_slot_question(text, now);
  CARILLON_CHECK(answer.contains("next") || answer.at("error").contains("position"));
}

const Target kIsoTimeTarget{"iso_time", iso_time};

}  // namespace
}  // namespace carillon::fuzz
