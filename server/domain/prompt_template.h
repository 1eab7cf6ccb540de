// Prompt templates: texts with parameters that a person starts from a host's menu, kept as files of their own.
//
//   ---
//   description: Letters to people who have not answered yet.
//   required people: Who has not answered, one a line.
//   optional tone: How the letters sound.
//   ---
//   Write to each of these people, in a ${params.tone || 'friendly'} tone:
//   ${params.people}
//
// `${…}` as everywhere (template.h); what can be named is params (also as input) and now. `retired: true` takes a
// template out of use. A file is refused as a whole, with its line: a text that half works would be found out by
// whoever starts it.
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"

namespace carillon {

inline constexpr std::size_t kPromptFileBytesMax = 32 * 1024;
inline constexpr std::size_t kPromptTextBytesMax = 256 * 1024;  // filled in
inline constexpr std::size_t kPromptParametersMax = 20;

enum class ParameterNeed { required, optional };

struct PromptParameter {
  std::string name;
  std::string description;
  ParameterNeed need = ParameterNeed::required;
  bool operator==(const PromptParameter&) const = default;
};

struct PromptTemplate {
  enum class Standing { in_use, retired };

  std::string name;
  std::string description;
  std::vector<PromptParameter> parameters{};
  std::string body{};
  Standing standing = Standing::in_use;
  bool operator==(const PromptTemplate&) const = default;
};

// A template and the text of the file that it was read from.
struct PromptFile {
  PromptTemplate prompt;
  std::string text;
};

using PromptArguments = std::map<std::string, std::string>;

// What is wrong with a file, and where; lines count from 1.
struct PromptFault {
  std::size_t line;
  std::string message;
};

// Empty: a template may be called so.
std::string wrong_with_prompt_name(std::string_view name);

// The template of a file's text, its name already checked. Every `${…}` is tried with required parameters alone.
std::variant<PromptTemplate, PromptFault> read_prompt_template(const std::string& name, std::string_view text);

// The parameters that are there, and no others. Errors: arguments_invalid at /arguments/<name>, or at /arguments with
// the nearest name.
Status check_arguments(const PromptTemplate& prompt, const PromptArguments& arguments);

// Errors: arguments_invalid at /arguments/<name> (missing, or not a parameter: with the nearest) or for a `${…}` that
// cannot be filled in with these, too_large.
Result<std::string> fill_in(const PromptTemplate& prompt, const PromptArguments& arguments, Instant now);

}  // namespace carillon
