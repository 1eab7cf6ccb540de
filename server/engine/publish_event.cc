#include "server/base/mask.h"
#include "server/engine/engine.h"
#include "server/engine/telling_event.h"

// publish_event: an event, and the cues of all tasks that it sets off, in one transaction (docs/adr/0030-events.md).

namespace carillon {

namespace {

Status check_key_of_event(const std::optional<std::string>& key) {
  if (!key) return Done{};
  if (!key->empty() && key->size() <= kEventKeyBytesMax && key->find('\0') == std::string::npos) return Done{};
  return Error{ErrorCode::arguments_invalid, "a key has 1 to 200 characters", "/key", *key};
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
  const auto payload = payload_text(told);
  if (!payload) return payload.error();
  const Call call{caller, "publish_event", command.key, parts_.clock.now()};
  return run_once<EventPublished>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<EventPublished> {
        NewEvent event{.id = EventId{parts_.ids.next(call.now).number()},
                       .type = command.event,
                       .key = command.event_key,
                       .payload = *payload,
                       .source = "agent:" + caller.agent.str(),
                       .correlation_id = caller.correlation_id,
                       .at = call.now};
        return tell_event(call, tx, telling, {.event = std::move(event), .payload = told, .told_by = command.told_by});
      });
}

}  // namespace carillon
