// `carillon expr`: what a JMESPath expression gives, without daemon or database. One expression over a file, or with
// --batch a line of JSON in, a line of JSON out (server/domain/jmespath/expression_question.h).
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/json_lines.h"
#include "server/domain/jmespath/expression_question.h"

namespace carillon::cli {
namespace {

int answer_expression_batch() {
  answer_questions(kQuestionBytesMax, [](const Result<json>& question) {
    return question ? jmespath::answer_expression_question(*question) : jmespath::refused_expression(question.error());
  });
  return kExitOk;
}

int refuse(const std::string& expression, const json& refusal) {
  const auto text = [&](const char* member) { return refusal.at(member).get<std::string>(); };
  const int code = failure(text("error") + ": " + text("message"));
  print_mark(expression, refusal.at("position").get<std::size_t>());
  return code;
}

int evaluate(const std::string& expression, const json& data) {
  const json answer = jmespath::answer_expression_question({{"expression", expression}, {"data", data}});
  if (answer.contains("error")) return refuse(expression, answer);
  std::printf("%s\n", answer.at("result").dump(2, ' ', false, json::error_handler_t::replace).c_str());
  return kExitOk;
}

}  // namespace

int run_expr(const Words& words) {
  const auto parsed = parse_words(words, {.command = "expr",
                                          .own = {{"input", "the data, a JSON file; - is stdin; default: null", "FILE"},
                                                  {"batch", "JSON lines from stdin, one answer each", ""}}});
  if (!parsed) return kExitUsage;
  if (parsed->has("batch"))
    return parsed->rest.empty() && !parsed->has("input") ? answer_expression_batch()
                                                         : usage_error("--batch reads expressions and data from stdin");
  if (parsed->rest.size() != 1)
    return usage_error("say one expression: carillon expr 'people[?age > `30`].name' --input people.json");
  if (!parsed->has("input")) return evaluate(parsed->rest[0], nullptr);
  const auto data = read_json_file(parsed->value("input", "-"), kQuestionBytesMax);
  if (!data) return failure(data.error().message);
  return evaluate(parsed->rest[0], *data);
}

}  // namespace carillon::cli
