// A topic pattern, NUL, an event's type; and `on event <pattern>` over an event of that type. Matching agrees with the
// regular expression that PostgreSQL gets, and a filter answers or says why not.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/domain/json_schema/regex.h"
#include "server/domain/schedule/event_filter.h"
#include "server/domain/schedule/schedule.h"
#include "tests/fuzz/patience.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"

namespace carillon::fuzz {
namespace {

void check_pattern(std::string_view pattern, std::string_view type) {
  if (!check_topic_pattern(pattern) || !check_event_type(type)) return;
  const auto regex = json_schema::Regex::compile(topic_regex(pattern));
  CARILLON_CHECK(regex.ok());
  const auto found = (*regex)->search("." + std::string(type));
  if (found == json_schema::Match::gave_up) return;
  CARILLON_CHECK((found == json_schema::Match::yes) == topic_matches(pattern, type));
  CARILLON_CHECK(topic_matches("#", type) && topic_matches(type, type));
}

void check_filter(std::string_view filter, std::string_view type) {
  const WhenContext context{*parse_rfc3339("2026-11-20T13:00:00Z"), "Europe/Berlin"};
  const auto schedule = parse_when("on event " + std::string(filter), context);
  if (!schedule) return;
  const json payload{{"env", "prod"}, {"n", 7}, {"list", {1, "two", nullptr}}};
  for (const auto& trigger : schedule->triggers) {
    const auto* event = std::get_if<EventTrigger>(&trigger.body);
    if (event == nullptr) continue;
    CARILLON_CHECK(check_topic_pattern(event->pattern).ok());
    const auto matches = event_matches(*event, {type, payload});
    CARILLON_CHECK(matches.ok() || !matches.error().message.empty());
    CARILLON_CHECK(!matches.ok() || !*matches || topic_matches(event->pattern, type));
  }
}

void event_filter(std::string_view input) {
  const Patience patience;
  const auto [pattern, type] = two_texts(input);
  check_pattern(pattern, type);
  check_filter(pattern, type);
  patience.check();
}

const Target kEventFilterTarget{"event_filter", event_filter};

}  // namespace
}  // namespace carillon::fuzz
