// How an McpClient answers what a server asks: the rounds of a modern request and the requests of a legacy server.
#include "transport/client_input.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "transport/client.h"

namespace carillon::transport {
namespace {

constexpr int kRoundsMax = 16;
constexpr std::size_t kQuestionsMax = 100;

ClientFailure protocol_failure(std::string message) {
  return {ClientFailureKind::protocol, std::move(message), Reached::maybe, std::nullopt};
}

// Empty: these are questions that may be asked.
std::string wrong_with(const json& questions) {
  if (!questions.is_object() || questions.size() > kQuestionsMax) return "its questions make no sense";
  for (const auto& question : questions) {
    if (!question.is_object() || !question.contains("method") || !question["method"].is_string() ||
        !is_input_method(question["method"].get_ref<const std::string&>()))
      return "it asks for something that no revision knows";
  }
  return "";
}

}  // namespace

bool is_input_method(std::string_view method) {
  static constexpr std::array<std::string_view, 3> kMethods{"elicitation/create", "sampling/createMessage",
                                                            "roots/list"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
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

// The request goes on under an id of its own while the answers are gathered, and under another when it is repeated:
// what still comes for an earlier id then meets nobody.
void McpClient::take_questions(ClientRequestId id, const json& result) {
  const json questions = result.value("inputRequests", json::object());
  const auto state = result.find("requestState");
  const bool has_state = state != result.end() && state->is_string();
  std::string wrong = wrong_with(questions);
  if (wrong.empty() && questions.empty() && !has_state) wrong = "it asks for nothing";
  if (wrong.empty() && !questions.empty() && !hooks_.asked) wrong = "nobody is there to give it";
  if (wrong.empty() && ++pending_.at(id).rounds > kRoundsMax) wrong = "it does not stop asking";
  if (!wrong.empty()) return finish(id, protocol_failure("the server asks for input, but " + wrong));

  auto node = pending_.extract(id);
  Pending pending = std::move(node.mapped());
  loop_.cancel_timer(pending.timer);
  json& params = pending.request.params;
  params.erase("requestState");
  params.erase("inputResponses");
  if (has_state) params["requestState"] = *state;
  if (questions.empty()) {  // it only wants to be asked again with its own state
    send_request(std::move(pending));
    return;
  }
  params["inputResponses"] = json::object();
  const ClientRequestId round = ++last_id_;
  later_rounds_[pending.first_id] = round;
  pending.open_questions = questions.size();
  if (pending.request.timeout > Duration::zero())
    pending.timer = loop_.after(pending.request.timeout, [this, round] { time_out(round); });
  pending_.emplace(round, std::move(pending));
  for (const auto& [key, question] : questions.items()) {
    const InputRequest asked{question["method"], question.value("params", json::object())};
    hooks_.asked(asked, [this, round, name = key, alive = std::weak_ptr<bool>(alive_)](InputAnswer answer) {
      if (!alive.expired()) take_answer(round, name, std::move(answer));
    });
  }
}

void McpClient::take_answer(ClientRequestId round, const std::string& key, InputAnswer answer) {
  const auto found = pending_.find(round);
  if (found == pending_.end()) return;  // cancelled or refused in the meantime
  if (const auto* refusal = std::get_if<ProtocolError>(&answer))
    return finish(round, protocol_failure("the server asks for input that is refused: " + refusal->message));
  json& responses = found->second.request.params["inputResponses"];
  if (!responses.emplace(key, std::get<json>(std::move(answer))).second) return;  // answered twice
  if (--found->second.open_questions > 0) return;
  auto node = pending_.extract(found);
  loop_.cancel_timer(node.mapped().timer);
  send_request(std::move(node.mapped()));
}

void McpClient::answer_server(const json_rpc::Request& request) {
  if (request.method == "ping") return send_answer(json_rpc::result_text(request.id, json::object()));
  if (!hooks_.asked || !is_input_method(request.method))
    return send_answer(
        json_rpc::error_text(request.id, {rpc_code::kMethodNotFound, "this client offers no such method", nullptr}));
  hooks_.asked(
      InputRequest{request.method, request.params},
      [this, id = request.id, alive = std::weak_ptr<bool>(alive_)](const InputAnswer& answer) {
        if (alive.expired()) return;
        const auto* refusal = std::get_if<ProtocolError>(&answer);
        send_answer(refusal ? json_rpc::error_text(id, *refusal) : json_rpc::result_text(id, std::get<json>(answer)));
      });
}

void McpClient::send_answer(std::string text) {
  WireMessage answer;
  answer.text = std::move(text);
  if (wire_) wire_->send(std::move(answer));
}

}  // namespace carillon::transport
