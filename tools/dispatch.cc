#include "tools/dispatch.h"

#include <algorithm>
#include <stdexcept>

#include "server/base/json_text.h"
#include "server/base/mask.h"
#include "server/domain/json_repair.h"
#include "server/domain/nearest.h"
#include "tools/render.h"

namespace carillon::tools {
namespace {

std::string escape_token(std::string_view name) {
  std::string token;
  for (const char c : name) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return token;
}

// The value a pointer names, shortened; null where there is none.
json excerpt_at(const json& arguments, const std::string& pointer) {
  const json::json_pointer at{pointer};
  if (!arguments.contains(at)) return nullptr;
  const json& value = arguments.at(at);
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  constexpr std::size_t kExcerptChars = 300;
  return text.size() <= kExcerptChars ? value : json(extract(text, kExcerptChars).text + "…");
}

Error unknown_argument(const json& known, const json& given, const std::string& name, const std::string& pointer) {
  std::vector<std::string> names;
  for (const auto& [key, schema] : known.items()) names.push_back(key);
  const auto near = nearest(name, names);
  Error error{ErrorCode::arguments_invalid, "there is no argument \"" + name + "\"" + did_you_mean(near),
              pointer + "/" + escape_token(name)};
  error.received = excerpt_at(given, "/" + escape_token(name));
  error.details["accepted"] = names;
  if (!near.empty()) error.details["nearest"] = near;
  return error;
}

// The first argument, at any depth that the schema spells out, that nobody would look at: a silently ignored `timezon`
// is worse than an error.
const Error* find_unknown(const json& schema, const json& given, const std::string& pointer,
                          std::vector<Error>& found) {
  const auto properties = schema.find("properties");
  if (!given.is_object() || properties == schema.end()) return nullptr;
  for (const auto& [name, value] : given.items()) {
    const auto known = properties->find(name);
    if (known == properties->end()) {
      found.push_back(unknown_argument(*properties, given, name, pointer));
      return &found.back();
    }
    if (const auto* deeper = find_unknown(*known, value, pointer + "/" + escape_token(name), found)) return deeper;
  }
  return nullptr;
}

// An optional argument that is null was not given: many clients fill in every name they know.
void drop_nulls(json& arguments) {
  if (!arguments.is_object()) return;
  for (auto member = arguments.begin(); member != arguments.end();)
    member = member->is_null() ? arguments.erase(member) : std::next(member);
}

// A single value where a list is asked for is a list of one.
void wrap_single_values(const json& schema, json& arguments, std::vector<std::string>& warnings) {
  if (!arguments.is_object()) return;
  for (const auto& [name, property] : schema["properties"].items()) {
    const auto given = arguments.find(name);
    if (given == arguments.end() || property.value("type", "") != "array" || given->is_array()) continue;
    if (property["items"].value("type", "") != (given->is_string() ? "string" : "object")) continue;
    *given = json::array({*given});
    warnings.push_back("/" + name + " was taken as a list of one");
  }
}

json example_of(const Tool& row) { return {{"tool", row.name}, {"arguments", json::parse(row.example)}}; }

// What would work: the same call with the argument's right name, else the row's example.
void suggest(Error& error, const Tool& row, const json& arguments) {
  if (!error.try_instead.empty()) return;
  const auto near = error.details.find("nearest");
  const json::json_pointer pointer{error.pointer};
  if (near != error.details.end() && arguments.contains(pointer) && pointer.parent_pointer().empty() &&
      !arguments.contains(near->front().get<std::string>())) {
    json mended = arguments;
    mended[near->front().get<std::string>()] = mended[pointer.back()];
    mended.erase(pointer.back());
    if (mended.dump(-1, ' ', false, json::error_handler_t::replace).size() <= kErrorCharsMax / 4) {
      error.try_instead.push_back({{"tool", row.name}, {"arguments", mended}});
      return;
    }
  }
  error.try_instead.push_back(example_of(row));
}

json link_block(const ResourceLink& link) {
  return {{"type", "resource_link"},
          {"uri", mask_secrets(link.uri)},
          {"name", mask_secrets(link.name)},
          {"mimeType", link.mime_type},
          {"size", link.bytes}};
}

}  // namespace

CompiledTool compile_tool(const Tool& row) {
  json schema = json::parse(row.input_schema.text);
  auto input = json_schema::compile(schema);
  CARILLON_CHECK(input.ok());
  CompiledTool tool{.row = &row, .input_schema = std::move(schema), .validator = std::move(*input)};
  if (row.output_schema.empty()) return tool;
  auto output = json_schema::compile(json::parse(row.output_schema));
  CARILLON_CHECK(output.ok());
  tool.output = std::move(*output);
  return tool;
}

Result<Accepted> accept_arguments(const CompiledTool& tool, json arguments) {
  const Tool& row = *tool.row;
  Translated translated{.arguments = std::move(arguments)};
  if (row.translate != nullptr) {
    auto result = row.translate(std::move(translated.arguments));
    if (!result.ok()) return result.error();
    translated = std::move(*result);
  }
  auto [repaired, warnings] = repair_arguments(tool.input_schema, std::move(translated.arguments));
  warnings.insert(warnings.begin(), translated.notes.begin(), translated.notes.end());
  drop_nulls(repaired);
  wrap_single_values(tool.input_schema, repaired, warnings);

  std::vector<Error> unknown;
  if (find_unknown(tool.input_schema, repaired, "", unknown) != nullptr) {
    suggest(unknown.front(), row, repaired);
    return unknown.front();
  }
  if (const auto violations = tool.validator.validate(repaired); !violations.empty()) {
    Error error = json_schema::to_error(violations);
    if (error.received.is_null()) error.received = excerpt_at(repaired, error.pointer);
    if (!violations.front().expected.is_null()) error.details["expected"] = violations.front().expected;
    suggest(error, row, repaired);
    return error;
  }
  repaired.update(translated.aside);
  return Accepted{std::move(repaired), std::move(warnings)};
}

transport::Answer encode(const Answer& answer, const std::vector<std::string>& warnings) {
  json structured = answer.structured;
  std::string text = answer.text;
  for (const auto& warning : warnings) {
    structured["warnings"].push_back(warning);
    text += (text.empty() || text.back() == '\n' ? "warning: " : "\nwarning: ") + warning;
  }
  structured = mask_secrets(structured);
  text = mask_secrets(std::move(text));
  if (dump(structured).size() > kAnswerCharsMax || text.size() > kAnswerCharsMax)
    return encode(Error{ErrorCode::too_large,
                        "the answer has more than 40,000 characters; ask for less: a smaller limit, "
                        "response_format concise, or get_run with output_path"});
  json content = json::array({transport::text_block(text)});
  for (const auto& link : answer.links) content.push_back(link_block(link));
  return {.content = std::move(content),
          .structured = std::move(structured),
          .is_error = answer.ending == Answer::Ending::failed};
}

transport::Answer encode(const Error& error) {
  json answer = mask_secrets(to_answer(error));
  // What is long in an error is what was sent or what was found, never the code, the pointer or the message's start.
  for (const char* member : {"violations", "accepted", "got", "excerpt", "candidates", "try"})
    if (dump(answer).size() > kErrorCharsMax) answer.erase(member);
  if (dump(answer).size() > kErrorCharsMax) {
    const std::string message = extract(answer["message"].get<std::string>(), kErrorCharsMax / 4).text + "…";
    answer = {{"error", answer["error"]}, {"message", message}, {"retryable", answer["retryable"]}};
  }
  const std::string text = dump(answer);
  return {.content = json::array({transport::text_block(text)}), .structured = std::move(answer), .is_error = true};
}

transport::Answer encode_for(const CompiledTool& tool, const Error& error) {
  transport::Answer answer = encode(error);
  if (tool.output && !tool.output->accepts(*answer.structured)) answer.structured.reset();
  return answer;
}

Error machine_failure(const std::exception& failure, std::string_view id) {
  // Libraries throw runtime_error for what the machine did (a connection lost, a file gone) and everything else for
  // what we did wrong.
  const bool machine = dynamic_cast<const std::runtime_error*>(&failure) != nullptr;
  Error error = machine ? Error{ErrorCode::unavailable,
                                "a part of Carillon cannot be reached right now; repeat the call in a moment"}
                        : Error{ErrorCode::internal, "Carillon met a defect of its own; its log has the details"};
  error.details["id"] = id;
  return error;
}

}  // namespace carillon::tools
