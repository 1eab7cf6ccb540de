#include "server/domain/jmespath/functions.h"

#include "server/domain/jmespath/function_calls.h"

namespace carillon::jmespath {
namespace {

constexpr Function kFunctions[] = {
    {"abs", 1, 1, {number, 0}, call_abs},
    {"avg", 1, 1, {numbers, 0}, call_avg},
    {"ceil", 1, 1, {number, 0}, call_ceil},
    {"contains", 2, 2, {array | string, any_value}, call_contains},
    {"date", 1, 2, {string | number, string}, call_date},
    {"ends_with", 2, 2, {string, string}, call_ends_with},
    {"floor", 1, 1, {number, 0}, call_floor},
    {"format_time", 2, 3, {string | number, string}, call_format_time},
    {"join", 2, 2, {string, strings}, call_join},
    {"keys", 1, 1, {object, 0}, call_keys},
    {"length", 1, 1, {string | array | object, 0}, call_length},
    {"map", 2, 2, {reference, array}, call_map},
    {"max", 1, 1, {numbers | strings, 0}, call_max},
    {"max_by", 2, 2, {array, reference}, call_max_by},
    {"merge", 0, kAnyNumber, {object, object}, call_merge},
    {"min", 1, 1, {numbers | strings, 0}, call_min},
    {"min_by", 2, 2, {array, reference}, call_min_by},
    {"not_null", 1, kAnyNumber, {any_value, any_value}, call_not_null},
    {"parse_time", 1, 1, {string | number, 0}, call_parse_time},
    {"reverse", 1, 1, {array | string, 0}, call_reverse},
    {"sort", 1, 1, {numbers | strings, 0}, call_sort},
    {"sort_by", 2, 2, {array, reference}, call_sort_by},
    {"starts_with", 2, 2, {string, string}, call_starts_with},
    {"sum", 1, 1, {numbers, 0}, call_sum},
    {"to_array", 1, 1, {any_value, 0}, call_to_array},
    {"to_number", 1, 1, {any_value, 0}, call_to_number},
    {"to_string", 1, 1, {any_value, 0}, call_to_string},
    {"to_unix", 1, 1, {string | number, 0}, call_to_unix},
    {"type", 1, 1, {any_value, 0}, call_type},
    {"values", 1, 1, {object, 0}, call_values},
};

struct TypeName {
  unsigned type;
  std::string_view in_words;
};
constexpr TypeName kTypeNames[] = {
    {number, "a number"},
    {string, "a string"},
    {boolean, "a boolean"},
    {array, "an array"},
    {object, "an object"},
    {null, "null"},
    {reference, "an &expression"},
    {numbers, "an array of numbers"},
    {strings, "an array of strings"},
};

unsigned type_of(const json& value) {
  if (value.is_number()) return number;
  if (value.is_string()) return string;
  if (value.is_boolean()) return boolean;
  if (value.is_array()) return array;
  return value.is_object() ? object : null;
}

bool all_of_type(const json& values, unsigned type) {
  for (const auto& value : values) {
    if (type_of(value) != type) return false;
  }
  return true;
}

bool fits(const Argument& argument, unsigned types) {
  if (argument.value == nullptr) return (types & reference) != 0;
  const json& value = *argument.value;
  if ((types & type_of(value)) != 0) return true;
  if (!value.is_array()) return false;
  return ((types & numbers) != 0 && all_of_type(value, number)) ||
         ((types & strings) != 0 && all_of_type(value, string));
}

std::string in_words(unsigned types) {
  std::string text;
  for (const auto& known : kTypeNames) {
    if ((types & known.type) != 0) text += (text.empty() ? "" : " or ") + std::string{known.in_words};
  }
  return text;
}

std::string in_words(const Argument& argument) {
  return in_words(argument.value == nullptr ? unsigned{reference} : type_of(*argument.value));
}

}  // namespace

const Function* find_function(std::string_view name) {
  for (const auto& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto& function : kFunctions) names.push_back(function.name);
  return names;
}

std::string arity_fault(const Function& function, std::size_t given) {
  if (given >= function.least && given <= function.most) return {};
  std::string text{function.name};
  text += given > function.most ? "() takes at most " + std::to_string(function.most)
                                : "() needs at least " + std::to_string(function.least);
  if (function.least == function.most) text = std::string{function.name} + "() takes " + std::to_string(function.least);
  const std::size_t named = given > function.most ? function.most : function.least;
  return text + " argument" + (named == 1 ? "" : "s") + ", not " + std::to_string(given);
}

std::string type_fault(const Function& function, const std::vector<Argument>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const unsigned types = function.types[i == 0 ? 0 : 1];
    if (fits(arguments[i], types)) continue;
    return "argument " + std::to_string(i + 1) + " of " + std::string{function.name} + "() must be " + in_words(types) +
           ", not " + in_words(arguments[i]);
  }
  return {};
}

std::string_view type_name(const json& value) {
  switch (type_of(value)) {
    case number:
      return "number";
    case string:
      return "string";
    case boolean:
      return "boolean";
    case array:
      return "array";
    case object:
      return "object";
    default:
      return "null";
  }
}

}  // namespace carillon::jmespath
