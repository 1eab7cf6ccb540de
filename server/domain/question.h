// Questions that a downstream server asks in the middle of a call, as MCP's newest revision writes them: a form or an
// address for a person (elicitation/create), or a message for the caller's model (sampling/createMessage).
//
// What is asked and answered is the other side's matter; here stands only who can be asked at all, whether an answer is
// one, and how a question is told in a line. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

inline constexpr std::string_view kElicitation = "elicitation/create";
inline constexpr std::string_view kSampling = "sampling/createMessage";

// The part of a client's capabilities that says what it can be asked; an empty object: nothing.
json askable_part(const json& client_capabilities);

// What a server may ask. Errors: arguments_invalid with a pointer into the question, for what no client can show.
Status check_question(std::string_view method, const json& params);

// answer: somebody decided. decline: a person said no, or a host did that has nobody to show a form to. undecided: the
// form was put away.
enum class Verdict { answer, decline, undecided };

// Errors: arguments_invalid with a pointer into the answer, for one that is no answer to the question: an unknown
// action, content that does not fit the form's schema, a message without a model.
Result<Verdict> judge_answer(std::string_view method, const json& params, const json& answer);

// What a server hears when nobody decided in time: MCP's word for that, where the method has one. Nothing: it has none.
json nobody_decided(std::string_view method);

// A line for people: what is asked, shortened.
std::string brief_question(std::string_view method, const json& params);

}  // namespace carillon
