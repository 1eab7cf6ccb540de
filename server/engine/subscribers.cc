#include "server/engine/subscribers.h"

#include <algorithm>
#include <optional>
#include <set>

#include "server/domain/task.h"

namespace carillon {
namespace {

template <class Fits>
std::vector<std::string> patterns_that(Fits&& fit, Tx& tx, const TenantId& tenant) {
  auto patterns = EventStore{tx}.patterns(tenant);
  patterns.erase(std::remove_if(patterns.begin(), patterns.end(), [&](const std::string& each) { return !fit(each); }),
                 patterns.end());
  return patterns;
}

// Whether one of its triggers fits. An error is told only when no other trigger fits.
Result<bool> is_set_off(const Schedule& schedule, const EventSeen& event) {
  std::optional<Error> problem;
  for (const auto& trigger : schedule.triggers) {
    const auto* wanted = std::get_if<EventTrigger>(&trigger.body);
    if (wanted == nullptr) continue;
    const auto matches = event_matches(*wanted, event);
    if (!matches)
      problem = matches.error();
    else if (*matches)
      return true;
  }
  if (problem) return *problem;
  return false;
}

}  // namespace

std::vector<std::string> awaited_events(const Schedule& schedule) {
  std::set<std::string> patterns;
  for (const auto& trigger : schedule.triggers)
    if (const auto* event = std::get_if<EventTrigger>(&trigger.body)) patterns.insert(event->pattern);
  return {patterns.begin(), patterns.end()};
}

bool waits_for_webhook(const Schedule& schedule) {
  return std::any_of(schedule.triggers.begin(), schedule.triggers.end(),
                     [](const Trigger& each) { return each.source() == TriggerSource::webhook; });
}

std::vector<Subscriber> subscribers_of(Tx& tx, const TenantId& tenant, const EventSeen& event) {
  std::vector<Subscriber> subscribers;
  const auto patterns =
      patterns_that([&](const std::string& each) { return topic_matches(each, event.type); }, tx, tenant);
  if (patterns.empty()) return subscribers;
  for (auto& task : EventStore{tx}.waiting(tenant, patterns, EventStore::Addresses::left_out)) {
    const auto definition = definition_from_json(task.definition);
    if (!definition) {
      // The scheduler makes a run of it that fails and says why.
      subscribers.push_back({std::move(task)});
      continue;
    }
    const auto matches = is_set_off(definition->schedule, event);
    if (!matches)
      subscribers.push_back({std::move(task), matches.error().message});
    else if (*matches)
      subscribers.push_back({std::move(task)});
  }
  return subscribers;
}

std::vector<PatternTask> waiting_for_type(Tx& tx, const TenantId& tenant, const std::string& type_or_pattern) {
  const auto fits = [&](const std::string& each) {
    return type_or_pattern.empty() || each == type_or_pattern || topic_matches(each, type_or_pattern);
  };
  const bool all = type_or_pattern.empty() || type_or_pattern.starts_with("webhook.");
  return EventStore{tx}.waiting(tenant, patterns_that(fits, tx, tenant),
                                all ? EventStore::Addresses::taken_in : EventStore::Addresses::left_out);
}

}  // namespace carillon
