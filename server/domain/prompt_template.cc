#include "server/domain/prompt_template.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/ascii.h"
#include "server/domain/nearest.h"
#include "server/domain/template.h"

namespace carillon {
namespace {

constexpr std::string_view kRule = "---";
constexpr std::string_view kHeadBlanks = " \t";
constexpr std::size_t kTemplateNameBytesMax = 64;
constexpr std::size_t kHeadLineBytesMax = 1000;
constexpr std::string_view kFirstLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kFurtherLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
// Stands for what will be given: a text that can also be reckoned with as a time.
constexpr const char* kSample = "2026-01-01T00:00:00Z";

bool is_template_name(std::string_view text) {
  return !text.empty() && text.size() <= kTemplateNameBytesMax &&
         kFirstLetters.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(kFurtherLetters) == std::string_view::npos;
}

bool is_utf8(std::string_view text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)) == text;
}

// Takes the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

json roots_of(const json& params, const std::string& now) {
  return {{"params", params}, {"input", params}, {"now", now}};
}

Result<std::string> rendered(std::string_view text, const json& params, const std::string& now) {
  const auto value =
      render_template(std::string{text}, roots_of(params, now), {.output_bytes_max = kPromptTextBytesMax});
  if (!value) return value.error();
  return value->is_string() ? value->get<std::string>() : value->dump(-1, ' ', false, json::error_handler_t::replace);
}

class PromptReader {
 public:
  PromptReader(const std::string& name, std::string_view text) : rest_(text) { prompt_.name = name; }

  std::variant<PromptTemplate, PromptFault> read() {
    if (read_head() && read_body()) return prompt_;
    return fault_;
  }

 private:
  bool refuse(std::string message) {
    fault_ = {line_, std::move(message)};
    return false;
  }
  std::string_view next_line() {
    ++line_;
    return take_line(rest_);
  }

  bool read_head() {
    if (next_line() != kRule) return refuse("the first line is ---, then come description: and the parameters");
    while (true) {
      if (rest_.empty()) return refuse("the head has no end: write a line --- before the text");
      const std::string_view line = next_line();
      if (line == kRule) break;
      if (!trimmed(line, kHeadBlanks).empty() && !read_entry(line)) return false;
    }
    return !prompt_.description.empty() || refuse("the head has no description: line");
  }

  // "description: …", "retired: true", "required people: …", "optional tone: …"
  bool read_entry(std::string_view line) {
    if (line.size() > kHeadLineBytesMax) return refuse("a line of the head has at most 1000 bytes");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return refuse("this line has no colon; write description: and what it is for");
    const std::string_view key = trimmed(line.substr(0, colon), kHeadBlanks),
                           value = trimmed(line.substr(colon + 1), kHeadBlanks);
    const auto space = key.find(' ');
    const std::string_view word = key.substr(0, space);
    if (space != std::string_view::npos && (word == "required" || word == "optional"))
      return read_parameter(word == "required" ? ParameterNeed::required : ParameterNeed::optional,
                            trimmed(key.substr(space), kHeadBlanks), value);
    if (key == "description") return read_description(value);
    if (key == "retired") return read_retired(value);
    return refuse("\"" + std::string{key} +
                  "\" is unknown here; there are description, required NAME, optional NAME and retired");
  }

  bool read_description(std::string_view value) {
    if (!prompt_.description.empty()) return refuse("there is a description already");
    if (value.empty()) return refuse("the description is empty; say in a sentence what the prompt is for");
    prompt_.description = value;
    return true;
  }

  bool read_retired(std::string_view value) {
    if (value != "true" && value != "false") return refuse("retired is true or false");
    prompt_.standing = value == "true" ? PromptTemplate::Standing::retired : PromptTemplate::Standing::in_use;
    return true;
  }

  bool read_parameter(ParameterNeed need, std::string_view name, std::string_view description) {
    if (!is_template_name(name))
      return refuse("a parameter's name has 1 to 64 small letters, digits and _, a letter first");
    if (description.empty()) return refuse("say what " + std::string{name} + " means, behind the colon");
    for (const auto& known : prompt_.parameters)
      if (known.name == name) return refuse("there is a parameter " + std::string{name} + " already");
    if (prompt_.parameters.size() == kPromptParametersMax) return refuse("a prompt has at most 20 parameters");
    prompt_.parameters.push_back({std::string{name}, std::string{description}, need});
    return true;
  }

  bool read_body() {
    while (!rest_.empty() && trimmed(rest_.substr(0, rest_.find_first_of("\r\n")), kHeadBlanks).empty()) next_line();
    prompt_.body = rest_;
    while (!prompt_.body.empty() && std::string_view{" \t\r\n"}.find(prompt_.body.back()) != std::string_view::npos)
      prompt_.body.pop_back();
    if (prompt_.standing == PromptTemplate::Standing::retired) return true;
    ++line_;
    return prompt_.body.empty() ? refuse("there is no text behind the head") : try_body();
  }

  // The line is the first that cannot be filled in by itself; else where the text begins.
  bool try_body() {
    json params = json::object();
    for (const auto& parameter : prompt_.parameters)
      if (parameter.need == ParameterNeed::required) params[parameter.name] = kSample;
    const auto whole = rendered(prompt_.body, params, kSample);
    if (whole) return true;
    const std::size_t first = line_;
    for (std::string_view rest = prompt_.body; !rest.empty(); ++line_)
      if (const auto alone = rendered(take_line(rest), params, kSample); !alone) return refuse(alone.error().message);
    line_ = first;
    return refuse(whole.error().message);
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  PromptTemplate prompt_;
  PromptFault fault_{};
};

}  // namespace

std::string wrong_with_prompt_name(std::string_view name) {
  if (is_template_name(name)) return "";
  return "a prompt's file is named in small letters, digits and _, a letter first, 64 at most, and .md";
}

std::variant<PromptTemplate, PromptFault> read_prompt_template(const std::string& name, std::string_view text) {
  if (text.size() > kPromptFileBytesMax) return PromptFault{1, "a prompt's file has at most 32 KiB"};
  for (std::size_t line = 1, at = 0; at < text.size(); ++line) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string_view one = text.substr(at, end - at);
    if (one.find('\0') != std::string_view::npos || !is_utf8(one))
      return PromptFault{line, "this line is not text in UTF-8"};
    at = end + 1;
  }
  return PromptReader{name, text}.read();
}

Status check_arguments(const PromptTemplate& prompt, const PromptArguments& arguments) {
  std::vector<std::string> names;
  for (const auto& parameter : prompt.parameters) names.push_back(parameter.name);
  for (const auto& [name, value] : arguments) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    Error error{ErrorCode::arguments_invalid,
                "the prompt has no argument \"" + name.substr(0, 200) + "\"" + did_you_mean(nearest(name, names)),
                "/arguments"};
    error.details["accepted"] = names;
    return error;
  }
  for (const auto& [name, description, need] : prompt.parameters) {
    const auto given = arguments.find(name);
    if (need == ParameterNeed::required && (given == arguments.end() || given->second.empty()))
      return Error{ErrorCode::arguments_invalid, "the prompt needs the argument " + name, "/arguments/" + name};
  }
  return Done{};
}

Result<std::string> fill_in(const PromptTemplate& prompt, const PromptArguments& arguments, Instant now) {
  if (const auto fit = check_arguments(prompt, arguments); !fit) return fit.error();
  json params = json::object();
  for (const auto& [name, value] : arguments)
    if (!value.empty()) params[name] = value;
  return rendered(prompt.body, params, to_rfc3339(now));
}

}  // namespace carillon
