// `carillon schema check`: whether a value fits a JSON Schema, and where not; without daemon or database. Two files, or
// with --batch a line of JSON in, a line of JSON out (server/domain/json_schema/schema_question.h).
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/json_lines.h"
#include "server/domain/json_schema/schema_question.h"

namespace carillon::cli {
namespace {

int answer_schema_batch() {
  answer_questions(kQuestionBytesMax, [](const Result<json>& question) {
    return question ? json_schema::answer_schema_question(*question) : json_schema::refused_schema(question.error());
  });
  return kExitOk;
}

int print_verdict(const json& answer) {
  if (answer.contains("error")) {
    const auto text = [&](const char* member) { return answer.at("error").at(member).get<std::string>(); };
    return usage_error(text("pointer") + ": " + text("message"));
  }
  for (const json& each : answer.at("errors"))
    std::printf("%s: %s\n", each.at("pointer").get_ref<const std::string&>().c_str(),
                each.at("message").get_ref<const std::string&>().c_str());
  if (!answer.at("valid")) return kExitFailed;
  std::printf("valid\n");
  return kExitOk;
}

int check_files(const Parsed& parsed) {
  json question{{"draft", parsed.value("draft", "2020-12")}, {"formats", parsed.value("formats", "annotate")}};
  const std::pair<const char*, std::string> files[]{{"schema", parsed.rest[1]}, {"instance", parsed.rest[2]}};
  for (const auto& [member, path] : files) {
    auto value = read_json_file(path, kQuestionBytesMax);
    if (!value) return usage_error(value.error().message);
    question[member] = *std::move(value);
  }
  return print_verdict(json_schema::answer_schema_question(question));
}

}  // namespace

int run_schema(const Words& words) {
  const auto parsed =
      parse_words(words, {.command = "schema",
                          .own = {{"draft", "of schemas that do not say theirs: 2020-12 (default) or draft7", "DRAFT"},
                                  {"formats", "annotate (default) or assert", "HOW"},
                                  {"batch", "JSON lines from stdin, one answer each", ""}}});
  if (!parsed) return kExitUsage;
  if (parsed->rest.empty() || parsed->rest[0] != "check")
    return usage_error("say what: carillon schema check SCHEMA.json VALUE.json");
  if (parsed->has("batch"))
    return parsed->rest.size() == 1 && !parsed->has("draft") && !parsed->has("formats")
               ? answer_schema_batch()
               : usage_error("--batch reads schemas, values, draft and formats from stdin");
  if (parsed->rest.size() != 3) return usage_error("say two files: carillon schema check SCHEMA.json VALUE.json");
  return check_files(*parsed);
}

}  // namespace carillon::cli
