// Expression questions: "what does this expression give of this data?" as JSON, and its answer; for scripts and for
// tests that compare us with others.
//
// {"expression": text, "data": any JSON (null)}; members that are not named here are passed over. The language is that
// of jmespath.h: JMESPath and our functions, without the time arithmetic of templates.
//
// Pure but for the zone database; thread-safe.
#pragma once

#include "server/base/error.h"
#include "server/base/json.h"

namespace carillon::jmespath {

// {"result": any JSON} or {"error": the fault's name, "message", "position"}, where position counts bytes in the
// expression. What is no question has the error "invalid-question".
json answer_expression_question(const json& question);

// The same form for an error of compile() or evaluate(), or of what could not be read as a question.
json refused_expression(const Error& error);

}  // namespace carillon::jmespath
