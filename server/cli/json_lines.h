// JSON lines: a question a line of stdin, an answer a line of stdout; how `carillon when`, `expr` and `schema` answer
// many questions. Blank lines are passed over; answers are written as soon as they are there.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::cli {

// The line itself; error: too_large, it has more bytes than allowed.
using AnswerLine = std::function<json(const Result<std::string>& line)>;
void answer_lines(std::size_t bytes_max, const AnswerLine& answer);

// The same with lines read as JSON; errors besides: arguments_invalid, with `details.position`.
using AnswerQuestion = std::function<json(const Result<json>& question)>;
void answer_questions(std::size_t bytes_max, const AnswerQuestion& answer);

inline constexpr std::size_t kQuestionBytesMax = 64 << 20;  // what `expr` and `schema` read of one

// A file; "-" is stdin. Errors: unknown_name (it cannot be read), too_large.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
// The same as JSON. Errors besides: arguments_invalid.
Result<json> read_json_file(const std::string& path, std::size_t bytes_max);

}  // namespace carillon::cli
