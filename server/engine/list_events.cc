#include <charconv>

#include "server/domain/moment.h"
#include "server/domain/schedule/event_filter.h"
#include "server/engine/engine.h"
#include "server/engine/lookup.h"
#include "server/engine/paging.h"
#include "server/engine/subscribers.h"

// list_events: what was told lately, and who waits for it.

namespace carillon {

namespace {

Result<std::optional<EventId>> behind_cursor(const ListEvents& query) {
  const auto key = read_cursor(Listing::events, query.cursor);
  if (!key) return key.error();
  if (!*key) return std::optional<EventId>{};
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars((*key)->data(), (*key)->data() + (*key)->size(), id);
  if (error != std::errc{} || end != (*key)->data() + (*key)->size())
    return Error{ErrorCode::arguments_invalid, "take the cursor from next_cursor of the page before", "/cursor",
                 *query.cursor};
  return std::optional{EventId{id}};
}

Result<EventQuery> window_of(const ListEvents& query, const MomentContext& context) {
  EventQuery wanted{.limit = query.limit + 1, .payload_bytes = query.payload_bytes};
  if (query.event) {
    if (auto fits = check_topic_pattern(*query.event); !fits) {
      Error error = fits.error();
      error.pointer = "/event";
      error.received = *query.event;
      error.try_instead = {"deploy.finished", "deploy.*", "deploy.#"};
      return error;
    }
    wanted.type_regex = topic_regex(*query.event);
  }
  if (query.since) {
    const auto since = read_since(*query.since, context);
    if (!since) return since.error();
    wanted.from = EventId{first_id_at(*since).number()};
  }
  const auto before = behind_cursor(query);
  if (!before) return before.error();
  wanted.before = before->value_or(EventId{INT64_MAX});
  return wanted;
}

EventRow row_of(const EventRecord& event) {
  return {.event_id = event.id.number(),
          .event = event.type,
          .key = event.key,
          .payload = event.payload,
          .payload_bytes = event.payload_bytes,
          .source = event.source,
          .cause = event.cause,
          .at = event.at,
          .tasks = event.tasks};
}

std::vector<EventWaiter> waiters(Tx& tx, const TenantId& tenant, const std::string& pattern) {
  std::vector<EventWaiter> waiters;
  for (const PatternTask& task : waiting_for_type(tx, tenant, pattern)) {
    const auto definition = definition_from_json(task.definition);
    waiters.push_back({task.name, std::string(name_of(task.state)),
                       definition ? reads(definition->schedule) : std::string{}, task.address.value_or("")});
    if (waiters.size() == kLimitMax) break;
  }
  return waiters;
}

}  // namespace

Result<EventPage> Engine::list_events(const Caller& caller, const ListEvents& query) {
  if (auto fit = check_limit(query.limit, "/limit"); !fit) return fit.error();
  const Instant now = parts_.clock.now();
  const std::string zone = zone_of(caller);
  const auto wanted = window_of(query, {.now = now, .zone = zone, .pointer = "/since"});
  if (!wanted) return wanted.error();
  return parts_.store.in_tx(caller.tenant, [&](Tx& tx) -> Result<EventPage> {
    EventPage page{.zone = zone, .now = now};
    for (const EventRecord& event : EventStore{tx}.list(caller.tenant, *wanted)) page.events.push_back(row_of(event));
    if (page.events.size() > static_cast<std::size_t>(query.limit)) {
      page.events.pop_back();
      page.next_cursor = make_cursor(Listing::events, std::to_string(page.events.back().event_id));
    }
    if (!query.cursor) page.waiting = waiters(tx, caller.tenant, query.event.value_or(""));
    return page;
  });
}

}  // namespace carillon
