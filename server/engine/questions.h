// Questions: what a downstream server asks in the middle of a run's call, for those who look and answer.
//
// A question is open while the call that asked is under way and nobody has answered; the first answer wins. Values
// only.
#pragma once

#include <string>

#include "server/base/id.h"
#include "server/base/json.h"
#include "server/store/question_store.h"

namespace carillon {

// caller: answers for the call that started the run. onlooker: somebody else who looks at it, whose `decline` decides
// nothing, because hosts decline by themselves what they cannot show.
enum class Answering { caller, onlooker };

struct AnswerQuestion {
  RunId run{0};
  std::string key{};
  json answer = json::object();  // the method's result: {"action", "content"} or a model's message
  Answering as = Answering::caller;
};

// taken: the call that asked gets it. left_open: nothing was decided, somebody else may.
enum class QuestionAnswered { taken, left_open };

}  // namespace carillon
