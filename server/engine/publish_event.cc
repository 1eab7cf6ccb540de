#include "server/base/check.h"
#include "server/base/mask.h"
#include "server/engine/engine.h"
#include "server/engine/run_starting.h"
#include "server/engine/subscribers.h"
#include "server/engine/transaction.h"

// publish_event: an event, and the cues of all tasks that it sets off, in one transaction (docs/adr/0030-events.md).

namespace carillon {

namespace {

Status check_key_of_event(const std::optional<std::string>& key) {
  if (!key) return Done{};
  if (!key->empty() && key->size() <= kEventKeyBytesMax && key->find('\0') == std::string::npos) return Done{};
  return Error{ErrorCode::arguments_invalid, "a key has 1 to 200 characters", "/key", *key};
}

// "deploy.finished d-81", for people.
std::string told_of(const NewEvent& event) {
  return "event " + event.type + (event.key ? " " + *event.key : std::string{});
}

EventPublished published(const NewEvent& event) {
  return {.event = event.type, .event_id = event.id.number(), .at = event.at};
}

// How many runs caused one another before this: none, unless a run of ours made this call.
void put_cause(Tx& tx, const Caller& caller, const PublishEvent& command, NewEvent& event) {
  if (!command.told_by) return;
  const auto depth = EventStore{tx}.depth_of(caller.tenant, *command.told_by, caller.correlation_id);
  if (!depth) return;
  event.cause = command.told_by;
  event.depth = *depth;
}

json facts_of(const NewEvent& event, const EventPublished& answer) {
  json facts{{"event", event.id.str()}, {"type", event.type}, {"source", event.source}, {"tasks", answer.tasks}};
  if (event.key) facts["key"] = *event.key;
  return facts;
}

// Writes it and tells those that wait. A duplicate is left alone.
EventPublished tell(const Call& call, Tx& tx, Telling& telling, NewEvent event, const json& payload) {
  const TenantId& tenant = call.caller.tenant;
  EventStore events{tx};
  EventPublished answer = published(event);
  std::vector<EventCue> cues;
  for (const Subscriber& each : subscribers_of(tx, tenant, {event.type, payload})) {
    event.tasks.push_back(each.task.id);
    const bool failing = !each.problem.empty();
    cues.push_back({each.task.id, failing ? "failing" : "matches",
                    failing ? told_of(event) + ": " + each.problem : told_of(event)});
    if (failing)
      answer.problems.push_back(each.task.name + ": its where could not be evaluated: " + each.problem);
    else
      answer.tasks.push_back(each.task.name);
    telling.schedule_changed(each.task.shard);
  }
  if (!events.insert(tenant, event)) {
    const auto first = events.find(tenant, event.type, *event.key);
    CARILLON_CHECK(first.has_value());  // our insert waited for its commit
    return {.event = event.type, .event_id = first->number(), .duplicate_of = first->number(), .at = call.now};
  }
  events.tell(tenant, event.id, cues);
  const std::string subject = "event:" + event.id.str();
  const json facts = facts_of(event, answer);
  std::optional<std::string> cause;
  if (event.cause) cause = subject_of(*event.cause);
  Outbox{tx}.append(call.caller, {"event.published", subject, mask_secrets(facts)},
                    {call.key.client_generated_id, cause, call.now});
  telling.audit(subject, nullptr, facts);
  return answer;
}

}  // namespace

Result<EventPublished> Engine::publish_event(const Caller& caller, const PublishEvent& command) {
  if (auto fits = check_event_type(command.event); !fits) {
    Error error = fits.error();
    error.pointer = "/event";
    error.received = command.event;
    error.try_instead = {"deploy.finished"};
    return error;
  }
  if (auto fits = check_key_of_event(command.event_key); !fits) return fits.error();
  const json told = mask_secrets(command.payload);
  const std::string payload = told.dump(-1, ' ', false, json::error_handler_t::replace);
  if (payload.size() > kEventPayloadBytesMax)
    return Error{ErrorCode::too_large, "a payload has at most 1 MiB; put larger data where a tool can read it",
                 "/payload", payload.size()};
  const Call call{caller, "publish_event", command.key, parts_.clock.now()};
  return run_once<EventPublished>(parts_.store, listeners(), call,
                                  [&](Tx& tx, Telling& telling) -> Result<EventPublished> {
                                    NewEvent event{.id = EventId{parts_.ids.next(call.now).number()},
                                                   .type = command.event,
                                                   .key = command.event_key,
                                                   .payload = payload,
                                                   .source = "agent:" + caller.agent.str(),
                                                   .correlation_id = caller.correlation_id,
                                                   .at = call.now};
                                    put_cause(tx, caller, command, event);
                                    return tell(call, tx, telling, std::move(event), told);
                                  });
}

}  // namespace carillon
