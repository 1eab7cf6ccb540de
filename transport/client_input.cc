// How an McpClient answers what a server asks: the rounds of a modern request and the requests of a legacy server.
#include "transport/client_input.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "transport/client.h"

namespace carillon::transport {
namespace {

ClientFailure nothing_given(std::string message) {
  return {ClientFailureKind::needs_input, std::move(message), Reached::maybe, std::nullopt};
}

// Nothing: there are too many, or one of them is none.
std::optional<std::map<std::string, InputRequest>> read_questions(const json& questions) {
  if (!questions.is_object() || questions.size() > kQuestionsMax) return std::nullopt;
  std::map<std::string, InputRequest> found;
  for (const auto& [key, question] : questions.items()) {
    auto read = read_question(question);
    if (!read) return std::nullopt;
    found.emplace(key, *std::move(read));
  }
  return found;
}

}  // namespace

bool is_input_method(std::string_view method) {
  static constexpr std::array<std::string_view, 3> kMethods{"elicitation/create", "sampling/createMessage",
                                                            "roots/list"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

std::optional<InputRequest> read_question(const json& question) {
  const json method = question.is_object() ? question.value("method", json()) : json();
  if (!method.is_string() || !is_input_method(method.get_ref<const std::string&>())) return std::nullopt;
  json params = question.value("params", json::object());
  if (!params.is_object()) return std::nullopt;
  return InputRequest{method, std::move(params)};
}

json default_content(const json& requested_schema) {
  json content = json::object();
  if (!requested_schema.is_object()) return content;
  const auto properties = requested_schema.find("properties");
  if (properties == requested_schema.end() || !properties->is_object()) return content;
  for (const auto& [name, property] : properties->items())
    if (property.is_object() && property.contains("default")) content[name] = property["default"];
  return content;
}

const InputHandler& McpClient::who_answers(const ClientRequest& request) const {
  return request.on_input ? request.on_input : hooks_.asked;
}

// The request goes on under an id of its own while the answers are gathered, and under another when it is repeated:
// what still comes for an earlier id then meets nobody.
ClientRequestId McpClient::take_aside(ClientRequestId id) {
  auto node = pending_.extract(id);
  const ClientRequestId round = ++last_id_;
  node.key() = round;
  node.mapped().is_on_wire = false;
  later_rounds_[node.mapped().first_id] = round;
  pending_.insert(std::move(node));
  return round;
}

void McpClient::take_questions(ClientRequestId id, const json& result) {
  const auto questions = read_questions(result.value("inputRequests", json::object()));
  const auto state = result.find("requestState");
  const bool has_state = state != result.end() && state->is_string();
  std::string wrong;
  if (!questions) wrong = "its questions make no sense";
  if (wrong.empty() && questions->empty() && !has_state) wrong = "it asks for nothing";
  if (wrong.empty() && ++pending_.at(id).rounds > kRoundsMax) wrong = "it does not stop asking";
  if (!wrong.empty()) return finish(id, protocol_failure("the server asks for input, but " + wrong));
  const InputHandler handler = who_answers(pending_.at(id).request);
  if (!questions->empty() && !handler)
    return finish(id, nothing_given("the server asks for input, and nobody is there to give it"));

  json& params = pending_.at(id).request.params;
  params.erase("requestState");
  params.erase("inputResponses");
  if (has_state) params["requestState"] = *state;
  if (questions->empty()) {  // it only wants to be asked again with its own state
    auto node = pending_.extract(id);
    send_request(std::move(node.mapped()));
    return;
  }
  params["inputResponses"] = json::object();
  const ClientRequestId round = take_aside(id);
  for (std::size_t i = 0; i < questions->size(); ++i) pending_.at(round).clock->ask();
  for (const auto& [key, question] : *questions) {
    if (pending_.count(round) == 0) return;  // an answer has ended it
    handler(question, [this, round, name = key, alive = std::weak_ptr<bool>(alive_)](InputAnswer answer) {
      if (!alive.expired()) take_answer(round, name, std::move(answer));
    });
  }
}

void McpClient::take_answer(ClientRequestId round, const std::string& key, InputAnswer answer) {
  const auto found = pending_.find(round);
  if (found == pending_.end()) return;  // cancelled or refused in the meantime
  if (const auto* refusal = std::get_if<ProtocolError>(&answer)) return finish(round, nothing_given(refusal->message));
  json& responses = found->second.request.params["inputResponses"];
  if (!responses.emplace(key, std::get<json>(std::move(answer))).second) return;  // answered twice
  found->second.clock->answered();
  if (found->second.clock->asking()) return;
  auto node = pending_.extract(found);
  send_request(std::move(node.mapped()));
}

void McpClient::answer_server(const json_rpc::Request& request, std::optional<ClientRequestId> exchange) {
  if (request.method == "ping") return send_answer(json_rpc::result_text(request.id, json::object()));
  const auto refuse = [&](int code, const char* why) {
    send_answer(json_rpc::error_text(request.id, {code, why, nullptr}));
  };
  const auto about = pending_.find(asked_about(request.params, exchange));
  const bool is_known = about != pending_.end();
  const InputHandler handler = is_known ? who_answers(about->second.request) : hooks_.asked;
  if (!handler || !is_input_method(request.method))
    return refuse(rpc_code::kMethodNotFound, "this client offers no such method");
  const std::string key = request.id.dump(-1, ' ', false, json::error_handler_t::replace);
  const bool has_room = asked_.size() < kQuestionsMax && asked_.count(key) == 0;
  if (!has_room) return refuse(rpc_code::kInvalidRequest, "too many questions are open, or two of one id");
  asked_[key] = {request.id, is_known ? about->second.first_id : 0};
  if (is_known) about->second.clock->ask();
  handler(InputRequest{request.method, request.params},
          [this, key, alive = std::weak_ptr<bool>(alive_)](const InputAnswer& answer) {
            if (!alive.expired()) take_server_answer(key, answer);
          });
}

// The request of ours that a legacy server asks about; 0: that cannot be told for certain. A question must not reach
// somebody else's caller, so the only request under way counts only while the server has answered all that were taken
// back: who was told to stop may ask all the same.
ClientRequestId McpClient::asked_about(const json& params, std::optional<ClientRequestId> exchange) const {
  if (exchange) return *exchange;
  const json meta = params.value("_meta", json::object());
  const auto task = meta.is_object() ? meta.value(meta_key::kRelatedTask, json()) : json();
  ClientRequestId only = 0;
  for (const auto& [id, pending] : pending_) {
    if (!pending.request.on_input) continue;
    if (task.is_object() && pending.request.params.value("taskId", json()) == task.value("taskId", json(""))) return id;
    if (only != 0 || !given_up_.empty() || !task.is_null()) {
      only = -1;
      continue;
    }
    only = id;
  }
  return std::max<ClientRequestId>(only, 0);
}

void McpClient::take_server_answer(const std::string& key, const InputAnswer& answer) {
  const auto node = asked_.extract(key);
  if (node.empty()) return;  // taken back, or what it was about has ended
  const auto& [id, about] = node.mapped();
  const auto* refusal = std::get_if<ProtocolError>(&answer);
  send_answer(refusal ? json_rpc::error_text(id, *refusal) : json_rpc::result_text(id, std::get<json>(answer)));
  const auto pending = pending_.find(present_id(about));
  if (pending == pending_.end()) return;
  pending->second.clock->answered();
  if (!refusal) return;
  // Not cancelled: the refusal says it, and a server that ends the call by itself tells us when it is done with it.
  const ClientRequestId ended = pending->first;
  if (wire_) give_up_on(ended);
  finish(ended, nothing_given(refusal->message));
}

// The server no longer wants to know.
void McpClient::withdraw_question(const json& params) {
  const auto node =
      asked_.extract(params.value("requestId", json()).dump(-1, ' ', false, json::error_handler_t::replace));
  if (node.empty()) return;
  const auto pending = pending_.find(present_id(node.mapped().about));
  if (pending != pending_.end()) pending->second.clock->answered();
}

// The request has ended; so have its questions.
void McpClient::close_questions(ClientRequestId first_id) {
  for (auto each = asked_.begin(); each != asked_.end();) {
    if (each->second.about != first_id) {
      ++each;
      continue;
    }
    send_answer(json_rpc::error_text(each->second.id, {rpc_code::kInternal, "the call has ended", nullptr}));
    each = asked_.erase(each);
  }
}

void McpClient::send_answer(std::string text) {
  WireMessage answer;
  answer.text = std::move(text);
  if (wire_) wire_->send(std::move(answer));
}

}  // namespace carillon::transport
