#include "server/base/check.h"
#include "server/base/mask.h"
#include "server/engine/engine.h"
#include "server/engine/telling_event.h"

// Webhooks: what is delivered to the address of a task (web/webhooks.h looks at the signature). Nobody's credential is
// asked for, so nothing is done here but to tell one event, of a type that names the task.

namespace carillon {

std::optional<Webhook> Engine::find_webhook(const std::string& id) {
  return parts_.store.across_tenants([&](Tx& tx) { return WebhookStore{tx}.find(id); });
}

Result<EventPublished> Engine::take_webhook(const Caller& sender, const Webhook& hook, const WebhookEvent& delivered) {
  const json told = mask_secrets(delivered.payload);
  const auto payload = payload_text(told);
  if (!payload) return payload.error();
  const CommandKey key;
  const Call call{sender, "take_webhook", key, parts_.clock.now()};
  return run_keyless<EventPublished>(
      parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<EventPublished> {
        NewEvent event{.id = EventId{parts_.ids.next(call.now).number()},
                       .type = "webhook." + hook.task.str(),
                       .key = delivered.id,
                       .payload = *payload,
                       .source = "webhook:" + hook.id,
                       .correlation_id = sender.correlation_id,
                       .at = call.now};
        return tell_event(call, tx, telling,
                          {.event = std::move(event), .payload = told, .told_by = delivered.told_by, .webhook = hook});
      });
}

void Engine::note_refused_webhook(const Caller& sender, const Webhook& hook, const RefusedWebhook& refused) {
  const CommandKey key;
  const Call call{sender, "refuse_webhook", key, parts_.clock.now()};
  const auto noted = run_keyless<Done>(parts_.store, listeners(), call, [&](Tx&, Telling& telling) -> Result<Done> {
    telling.audit(subject_of(hook.task), nullptr, {{"delivery", refused.delivery}, {"signature", refused.why}});
    return Done{};
  });
  CARILLON_CHECK(noted.ok());
}

}  // namespace carillon
