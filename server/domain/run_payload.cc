#include "server/domain/run_payload.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "server/domain/pipeline/input.h"

namespace carillon {
namespace {

constexpr char kCanAnswer[] = "can_answer";
constexpr char kEvent[] = "event";
constexpr char kParent[] = "parent";

// The members of what was delivered to a webhook are input of its steps, over those that the task declares.
void take_delivery(Action& action, const json& payload) {
  const json event = payload.value(kEvent, json::object());
  const json type = event.is_object() ? event.value("type", json()) : json();
  if (!type.is_string() || !type.get_ref<const std::string&>().starts_with("webhook.")) return;
  const auto delivered = event.find("payload");
  if (delivered != event.end() && delivered->is_object()) action.input.update(*delivered);
}

Error unreadable(std::string_view what) {
  return {ErrorCode::internal, "the run's stored payload cannot be read: " + std::string{what}};
}

}  // namespace

json payload_of_input(const json& input) { return json{{"input", input}}; }
json payload_of_action(const Action& action) { return json{{"action", to_json(action)}}; }

std::string payload_for_asker(std::string payload, const json& can_answer) {
  if (can_answer.empty() && asker_of(payload).empty()) return payload;
  json value = payload.empty() ? json::object() : json::parse(payload, nullptr, false);
  if (!value.is_object()) return payload;
  value.erase(kCanAnswer);
  if (!can_answer.empty()) value[kCanAnswer] = can_answer;
  return value.empty() ? std::string{} : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json asker_of(std::string_view payload) {
  // Most runs have no client, and a payload may be long.
  if (payload.find('"' + std::string{kCanAnswer} + '"') == std::string_view::npos) return json::object();
  const json value = json::parse(payload, nullptr, false);
  if (!value.is_object()) return json::object();
  const auto found = value.find(kCanAnswer);
  return found != value.end() && found->is_object() ? *found : json::object();
}

json event_of(std::string_view payload) {
  if (payload.find('"' + std::string{kEvent} + '"') == std::string_view::npos) return nullptr;
  const json value = json::parse(payload, nullptr, false);
  return value.is_object() ? value.value(kEvent, json(nullptr)) : json(nullptr);
}

std::string payload_with_event_of(std::string payload, std::string_view repeated) {
  const json event = event_of(repeated);
  if (event.is_null()) return payload;
  json value = payload.empty() ? json::object() : json::parse(payload, nullptr, false);
  if (!value.is_object()) return payload;
  value[kEvent] = event;
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string payload_for_child(std::string payload, const ParentRun& parent) {
  json value = payload.empty() ? json::object() : json::parse(payload, nullptr, false);
  if (!value.is_object()) return payload;
  value[kParent] = {{"run", parent.run.str()}, {"shard", parent.shard}};
  if (parent.finish_by != Instant::max()) value[kParent]["finish_by"] = parent.finish_by.time_since_epoch().count();
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<ParentRun> parent_of(std::string_view payload) {
  if (payload.find('"' + std::string{kParent} + '"') == std::string_view::npos) return std::nullopt;
  const json value = json::parse(payload, nullptr, false);
  const json said = value.is_object() ? value.value(kParent, json()) : json();
  if (!said.is_object()) return std::nullopt;
  std::int64_t run = 0;
  const std::string id = said.value("run", "");
  if (std::from_chars(id.data(), id.data() + id.size(), run).ec != std::errc{}) return std::nullopt;
  ParentRun parent{.run = RunId{run}, .shard = said.value("shard", std::int16_t{0})};
  if (said.contains("finish_by")) parent.finish_by = Instant{Duration{said.at("finish_by").get<std::int64_t>()}};
  return parent;
}

std::string payload_without_parent(std::string payload) {
  if (!parent_of(payload)) return payload;
  json value = json::parse(payload);
  value.erase(kParent);
  return value.empty() ? std::string{} : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Action> with_checked_input(Action action) {
  if (action.kind != ActionKind::steps) return action;
  auto input = pipeline::read_input(*action.pipeline, std::move(action.input));
  if (!input) return input.error();
  action.input = *std::move(input);
  return action;
}

Result<Action> action_with_payload(Action action, std::string_view payload) {
  if (payload.empty()) return with_checked_input(std::move(action));
  const json value = json::parse(payload, nullptr, false);
  if (!value.is_object()) return unreadable("it is not a JSON object");
  if (const auto whole = value.find("action"); whole != value.end()) return read_action(*whole, "/action");
  if (action.kind == ActionKind::steps) take_delivery(action, value);
  const auto input = value.find("input");
  if (input == value.end()) return with_checked_input(std::move(action));
  if (!input->is_object()) return unreadable("input is not an object");
  switch (action.kind) {
    case ActionKind::tool:
      action.arguments = *input;
      break;
    case ActionKind::steps:
      action.input = *input;
      break;
    case ActionKind::message: {
      const auto message = input->find("message");
      if (message == input->end() || !message->is_string()) return unreadable("input has no message");
      action.message = message->get<std::string>();
      break;
    }
  }
  return with_checked_input(std::move(action));
}

}  // namespace carillon
