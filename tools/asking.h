// Asking: what a run's call asks reaches the client that waits for the run, and the answer the call.
//
// A question is put once in a request, to a client that declared the capability and may answer for the run; everybody
// else is told by get_run that the run waits for an answer. In the era of MCP that has no questions of its own the
// request ends with them (NeedInput), and the client repeats it with its answers and our sealed state.
//
// Holds no state; thread-safe. Machine failures throw.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/engine/questions.h"
#include "tools/tool.h"
#include "transport/tool_service.h"

namespace carillon::tools {

// A call in the middle of its rounds: what it waits for, and what was put to its client so far.
struct Round {
  Parked parked;
  std::set<std::string> asked{};
};

// What the client can be asked of these, by key.
std::map<std::string, transport::InputRequest> askable(const transport::RequestContext& request,
                                                       const std::vector<OpenQuestion>& questions);

// Nothing: the run asks nothing that this client can answer and was not asked before. Else the round goes on with it.
std::optional<transport::NeedInput> ask_client(const CallContext& context, Round& round);
bool has_question(const CallContext& context, const Round& round);

// Whether the request is the repetition of one that asked; then the round that it goes on with.
std::optional<Round> round_of(const transport::RequestContext& request, Duration wait);
// Gives the client's answers to the run. What became of those that came too late, or decided nothing, is told in
// `warnings`. Says whether any decided something. Errors: arguments_invalid with a pointer into inputResponses; the
// question stays open.
Result<bool> give_answers(const CallContext& context, const Round& round, Answering as,
                          std::vector<std::string>& warnings);

// What a client answers whose request was answered meanwhile. What comes of it nobody is told but the log. Does not
// throw.
void take_late_answer(const Ports& ports, const Caller& caller, const AnswerQuestion& answer);

// Errors as Engine::answer_question, with pointers into inputResponses.
Result<QuestionAnswered> give_answer(const CallContext& context, const AnswerQuestion& answer);

}  // namespace carillon::tools
