#include "tools/asking.h"

#include "server/base/log.h"
#include "server/base/mask.h"
#include "server/domain/question.h"
#include "server/engine/engine.h"
#include "transport/input.h"

namespace carillon::tools {
namespace {

constexpr std::size_t kAskedMax = 12;  // in one request; whoever asks more is asked elsewhere

std::map<std::string, transport::InputRequest> to_ask(const CallContext& context, const Round& round) {
  if (askable_part(context.request.client_capabilities).empty() || round.asked.size() >= kAskedMax) return {};
  auto requests = askable(context.request, context.ports.engine.open_questions(context.caller, round.parked.run));
  std::erase_if(requests, [&](const auto& request) { return round.asked.contains(request.first); });
  return requests;
}

std::string escaped(std::string_view name) {
  std::string token;
  for (const char c : name) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return token;
}

// That somebody was first, or the call is over, is no reason to end the caller's request.
std::optional<std::string> told_late(const CallContext& context, const Error& error) {
  if (error.code != ErrorCode::run_not_waiting) return std::nullopt;
  const auto by = error.details.find("answered_by");
  if (by != error.details.end() && *by == context.caller.agent.str()) return "";  // the same request again
  return error.message;
}

}  // namespace

std::map<std::string, transport::InputRequest> askable(const transport::RequestContext& request,
                                                       const std::vector<OpenQuestion>& questions) {
  std::map<std::string, transport::InputRequest> requests;
  for (const OpenQuestion& question : questions) {
    transport::InputRequest asking{question.method, mask_secrets(question.params)};
    if (transport::can_answer(request, asking)) requests.emplace(question.key, std::move(asking));
  }
  return requests;
}

bool has_question(const CallContext& context, const Round& round) { return !to_ask(context, round).empty(); }

std::optional<transport::NeedInput> ask_client(const CallContext& context, Round& round) {
  auto requests = to_ask(context, round);
  if (requests.empty()) return std::nullopt;
  for (const auto& [key, request] : requests) round.asked.insert(key);
  return transport::NeedInput{
      .requests = std::move(requests),
      .state = {{"run", round.parked.run.str()}, {"asked", round.asked}, {"shape", round.parked.shape}}};
}

std::optional<Round> round_of(const transport::RequestContext& request, Duration wait) {
  const json& state = request.input.state;
  if (!state.is_object() || !state.contains("run")) return std::nullopt;
  Round round{.parked = {.run = RunId{std::stoll(state.at("run").get<std::string>())},
                         .wait = wait,
                         .shape = state.at("shape")},
              .asked = state.at("asked").get<std::set<std::string>>()};
  return round;
}

Result<QuestionAnswered> give_answer(const CallContext& context, const AnswerQuestion& answer) {
  auto given = context.ports.engine.answer_question(context.caller, answer);
  if (given.ok()) return given;
  Error error = given.error();
  if (error.code == ErrorCode::arguments_invalid)
    error.pointer = "/inputResponses/" + escaped(answer.key) + error.pointer;
  return error;
}

Result<bool> give_answers(const CallContext& context, const Round& round, Answering as,
                          std::vector<std::string>& warnings) {
  bool decided = false;
  for (const auto& [key, answer] : context.request.input.responses.items()) {
    if (!round.asked.contains(key)) continue;
    const auto given = give_answer(context, {.run = round.parked.run, .key = key, .answer = answer, .as = as});
    if (given.ok()) {
      if (*given == QuestionAnswered::left_open) {
        warnings.emplace_back("nothing was decided, so the question stays open; cancel_run ends the run");
      } else {
        decided = true;
      }
      continue;
    }
    const auto late = told_late(context, given.error());
    if (!late) return given.error();
    if (!late->empty()) warnings.push_back(*late);
  }
  return decided;
}

void take_late_answer(const Ports& ports, const Caller& caller, const AnswerQuestion& answer) {
  try {
    const auto given = ports.engine.answer_question(caller, answer);
    if (!given.ok()) log::info("a late answer to a form was passed over", {{"why", describe(given.error().code).name}});
  } catch (const std::exception& failure) {
    log::error("a late answer to a form was lost", {{"failure", failure.what()}});
  }
}

}  // namespace carillon::tools
