#include "server/engine/telling_event.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/base/mask.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/moment.h"
#include "server/domain/run_handle.h"
#include "server/store/step_wait_store.h"

namespace carillon {

namespace {

// "event deploy.finished d-81", for people.
std::string told_of(const EventTold& told) {
  const std::string what = told.webhook ? "webhook" : "event " + told.event.type;
  return what + (told.event.key ? " " + *told.event.key : std::string{});
}

// How many runs caused one another before this: none, unless a run of ours made this call.
void put_cause(Tx& tx, const Caller& caller, EventTold& told) {
  if (!told.told_by) return;
  const auto depth = EventStore{tx}.depth_of(caller.tenant, *told.told_by, caller.correlation_id);
  if (!depth) return;
  told.event.cause = told.told_by;
  told.event.depth = *depth;
}

json facts_of(const NewEvent& event, const EventPublished& answer) {
  json facts{{"event", event.id.str()}, {"type", event.type}, {"source", event.source}, {"tasks", answer.tasks}};
  if (!answer.runs.empty()) facts["woken"] = answer.runs;
  if (event.key) facts["key"] = *event.key;
  return facts;
}

// The cues of the tasks that it sets off; who they are is put into event and answer.
class Cues {
 public:
  Cues(EventTold& told, EventPublished& answer, Telling& telling) : told_(told), answer_(answer), telling_(telling) {}

  void of_address(const Webhook& hook) { set_off(hook.task, hook.task_name, hook.shard, TriggerSource::webhook); }

  void of_subscriber(const Subscriber& each) {
    const bool known =
        std::find(told_.event.tasks.begin(), told_.event.tasks.end(), each.task.id) != told_.event.tasks.end();
    if (known) return;
    if (each.problem.empty()) return set_off(each.task.id, each.task.name, each.task.shard, TriggerSource::event);
    const std::string why = "its where could not be evaluated: " + each.problem;
    answer_.problems.push_back(each.task.name + ": " + why);
    add({each.task.id, std::string(name_of(TriggerSource::event)), "failing", told_of(told_) + ": " + each.problem},
        each.task.shard);
  }

  const std::vector<EventCue>& all() const { return cues_; }

 private:
  void set_off(TaskId task, const std::string& name, std::int16_t shard, TriggerSource source) {
    answer_.tasks.push_back(name);
    add({task, std::string(name_of(source)), "matches", told_of(told_)}, shard);
  }

  void add(EventCue cue, std::int16_t shard) {
    told_.event.tasks.push_back(cue.task);
    cues_.push_back(std::move(cue));
    telling_.schedule_changed(shard);
  }

  EventTold& told_;
  EventPublished& answer_;
  Telling& telling_;
  std::vector<EventCue> cues_;
};

// What `match` and the step's result see of an event.
json shown_of(const EventTold& told) {
  return {{"id", told.event.id.str()},
          {"type", told.event.type},
          {"key", told.event.key ? json(*told.event.key) : json()},
          {"source", told.event.source},
          {"at", to_rfc3339(told.event.at)},
          {"payload", mask_secrets(told.payload)}};
}

// Steps that wait for the event, each told of it once, in the transaction that writes it.
void tell_steps(Tx& tx, Telling& telling, const EventTold& told, EventPublished& answer) {
  StepWaitStore waits{tx};
  const TenantId& tenant = telling.tenant();
  auto patterns = waits.patterns(tenant);
  std::erase_if(patterns, [&](const std::string& each) { return !topic_matches(each, told.event.type); });
  if (patterns.empty()) return;
  const json event = shown_of(told);
  for (const WaitingStep& step : waits.waiting(tenant, patterns)) {
    if (!step.condition.empty()) {
      json roots = step.roots;
      roots["event"] = event;
      const auto expression = jmespath::compile(step.condition);
      const auto found = expression ? expression->evaluate(roots) : Result<json>{expression.error()};
      const std::string handle = to_string(RunHandle{step.task, step.number, step.retry});
      if (!found) answer.problems.push_back(handle + ": its match could not be evaluated: " + found.error().message);
      if (!found || !jmespath::is_truthy(*found)) continue;
    }
    const auto place = waits.tell(tenant, step, {.output = event, .at = telling.at()});
    if (!place) continue;
    answer.runs.push_back(to_string(RunHandle{step.task, step.number, step.retry}));
    telling.run_told(step.run, place->shard);
  }
}

}  // namespace

Result<std::string> payload_text(const json& payload) {
  std::string text = payload.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kEventPayloadBytesMax) return text;
  return Error{ErrorCode::too_large, "a payload has at most 1 MiB; put larger data where a tool can read it",
               "/payload", text.size()};
}

EventPublished tell_event(const Call& call, Tx& tx, Telling& telling, EventTold told) {
  const TenantId& tenant = call.caller.tenant;
  put_cause(tx, call.caller, told);
  NewEvent& event = told.event;
  EventPublished answer{.event = event.type, .event_id = event.id.number(), .at = event.at};
  Cues cues{told, answer, telling};
  if (told.webhook) cues.of_address(*told.webhook);
  for (const Subscriber& each : subscribers_of(tx, tenant, {event.type, told.payload})) cues.of_subscriber(each);

  EventStore events{tx};
  if (!events.insert(tenant, event)) {
    const auto first = events.find(tenant, event.type, *event.key);
    CARILLON_CHECK(first.has_value());  // our insert waited for its commit
    return {.event = event.type, .event_id = first->number(), .duplicate_of = first->number(), .at = call.now};
  }
  events.tell(tenant, event.id, cues.all());
  tell_steps(tx, telling, told, answer);
  const std::string subject = "event:" + event.id.str();
  const json facts = facts_of(event, answer);
  std::optional<std::string> cause;
  if (event.cause) cause = subject_of(*event.cause);
  Outbox{tx}.append(call.caller, {"event.published", subject, mask_secrets(facts)},
                    {call.key.client_generated_id, cause, call.now});
  telling.audit(subject, nullptr, facts);
  return answer;
}

}  // namespace carillon
