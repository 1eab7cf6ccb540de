#include "server/base/check.h"
#include "server/base/mask.h"
#include "server/domain/duration_text.h"
#include "server/domain/moment.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/engine/engine.h"
#include "server/engine/own_steps.h"
#include "server/engine/state_changing.h"
#include "server/engine/telling_event.h"
#include "server/store/state_store.h"
#include "server/store/step_store.h"

// A step that Carillon performs itself, in one transaction with its row of the journal.

namespace carillon {

namespace {

struct Performing {
  const Call& call;
  const OwnStep& step;
  Tx& tx;
  Telling& telling;
  RunIdMaker& ids;
  Duration keep_replaced;
};

// A member that templates have filled in.
Result<std::string> text_at(const json& body, const char* member, const std::string& pointer) {
  const json said = body.value(member, json());
  if (said.is_string() && !said.get_ref<const std::string&>().empty()) return said.get<std::string>();
  return invalid("this is a text", below(pointer, member), said);
}

// {"event": type, "event_id": id, "tasks": [name…]}: whom it sets off.
Result<json> tell(const Performing& in) {
  const auto type = text_at(in.step.body, "type", "/event");
  if (!type) return type.error();
  if (auto fits = check_event_type(*type); !fits) {
    Error error = fits.error();
    error.pointer = "/event/type";
    error.received = *type;
    return error;
  }
  const json told = mask_secrets(in.step.body.value("payload", json::object()));
  const auto payload = payload_text(told);
  if (!payload) return payload.error();
  NewEvent event{.id = EventId{in.ids.next(in.call.now).number()},
                 .type = *type,
                 .payload = *payload,
                 .source = "agent:" + in.call.caller.agent.str(),
                 .correlation_id = in.call.caller.correlation_id,
                 .at = in.call.now};
  const auto published = tell_event(in.call, in.tx, in.telling,
                                    {.event = std::move(event), .payload = told, .told_by = in.step.key.lease.id});
  return json{{"event", published.event}, {"event_id", std::to_string(published.event_id)}, {"tasks", published.tasks}};
}

// {"key", "version", "value"}, and of a lease in force "holder" and "until". Where there is no value its version is 0.
Result<json> read_state(const Performing& in, const StateKey& key) {
  const auto record = StateStore{in.tx}.find(in.call.caller.tenant, key, static_cast<int>(kStateValueBytesMax));
  const StateEntry entry = record ? record->entry.at(in.call.now) : StateEntry{};
  json told{{"key", key.key}, {"version", entry.version()}, {"value", nullptr}};
  if (entry.value) told["value"] = json::parse(entry.value->text, nullptr, false);
  if (entry.lease) {
    told["holder"] = entry.lease->holder;
    told["until"] = to_rfc3339(entry.lease->until);
  }
  return told;
}

Result<StateChange> change_of(const json& body, StateOp op) {
  StateChange change{.op = op};
  if (const auto value = body.find("value"); value != body.end()) change.value = *value;
  if (const auto number = body.find("if_version"); number != body.end() && !number->is_null()) {
    if (!number->is_number_integer()) return invalid("this is a whole number", "/state/if_version", *number);
    change.if_version = number->get<std::int64_t>();
  }
  if (const auto ttl = body.find("ttl"); ttl != body.end()) {
    const auto length = read_duration(ttl->get<std::string>(), "/state/ttl");
    if (!length) return length.error();
    change.ttl = *length;
  }
  return change;
}

// {"key", "op", "version"}, and of increment "value", of append "length", of acquire "fencing" and "until".
json told_of(const StateChanged& answer) {
  json told{{"key", answer.key}, {"op", answer.op}, {"version", answer.version}};
  if (!answer.value.is_null()) told["value"] = answer.value;
  if (answer.length > 0) told["length"] = answer.length;
  if (answer.fencing > 0) told["fencing"] = answer.fencing;
  if (answer.until) told["until"] = to_rfc3339(*answer.until);
  return told;
}

Result<json> use_state(const Performing& in) {
  const json& body = in.step.body;
  const auto name = text_at(body, "key", "/state");
  if (!name) return name.error();
  StateKey key{.key = *name};
  if (body.contains("namespace")) {
    const auto space = text_at(body, "namespace", "/state");
    if (!space) return space.error();
    key.space = *space;
  }
  if (auto fits = check_state_key(key); !fits) return fits.error();
  const std::string said = body.at("op").get<std::string>();
  if (said == "get") return read_state(in, key);
  const auto op = state_op_named(said);
  CARILLON_CHECK(op.has_value());
  const auto change = change_of(body, *op);
  if (!change) return change.error();
  const StateChanging where{
      in.call.caller, key, "step", {{}, "run:" + in.step.key.lease.id.str(), in.call.now}, in.keep_replaced};
  const auto outcome = change_state(in.tx, where, *change);
  if (!outcome) return outcome.error();
  return told_of(answer_of(where, *op, *outcome));
}

}  // namespace

std::optional<Scope> scope_of_own_step(const pipeline::Step& step) {
  switch (step.kind) {
    case pipeline::StepKind::event:
      return Scope::events;
    case pipeline::StepKind::child:
      return Scope::run;
    case pipeline::StepKind::signal:
    case pipeline::StepKind::approval:
    case pipeline::StepKind::agent:
      return Scope::read;
    case pipeline::StepKind::state:
      return step.body.at("op") == "get" ? Scope::read : Scope::state;
    default:
      return std::nullopt;
  }
}

Result<OwnStepEnd> Engine::perform_step(const OwnStep& step) {
  if (step.kind == pipeline::StepKind::child) return perform_child(step);
  if (step.looks) return look_at_wait(step);
  if (step.give_up) return end_wait(step);
  if (step.kind == pipeline::StepKind::signal) return await_event(step);
  if (step.kind == pipeline::StepKind::approval) return await_approval(step);
  if (step.kind == pipeline::StepKind::agent) return await_work(step);
  CARILLON_CHECK(step.kind == pipeline::StepKind::event || step.kind == pipeline::StepKind::state);
  const TenantId& tenant = step.caller.tenant;
  const auto before = parts_.store.in_tx(tenant, [&](Tx& tx) { return StepStore{tx}.find_end(tenant, step.key); });
  if (before) return OwnStepEnd{.output = before->output, .finished_at = before->finished_at};
  const CommandKey key{};
  const Call call{step.caller, "perform_step", key, parts_.clock.now()};
  bool is_ours = true;
  auto performed =
      run_keyless<OwnStepEnd>(parts_.store, listeners(), call, [&](Tx& tx, Telling& telling) -> Result<OwnStepEnd> {
        is_ours = true;
        const Performing in{call, step, tx, telling, parts_.ids, options_.restorable};
        auto output = step.kind == pipeline::StepKind::event ? tell(in) : use_state(in);
        if (!output) return output.error();
        // It may have waited for a key: what ended meanwhile ended before.
        OwnStepEnd end{.output = *std::move(output), .finished_at = parts_.clock.now()};
        is_ours = StepStore{tx}.insert_end(
            tenant, step.key, {.output = end.output, .started_at = step.began_at, .finished_at = end.finished_at});
        if (!is_ours) return Error{ErrorCode::conflict, "the run is somebody else's by now"};  // takes all of it back
        return end;
      });
  if (!is_ours) return OwnStepEnd{.is_ours = false};
  return performed;
}

}  // namespace carillon
