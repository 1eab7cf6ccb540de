// The functions of JMESPath, and ours for time, as rows: name, what each argument may be, and the function.
//
// Internal to this folder. Arity is checked when an expression is compiled, types when it is evaluated.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/jmespath/evaluator.h"

namespace carillon::jmespath {

enum Type : unsigned {
  number = 1,
  string = 2,
  boolean = 4,
  array = 8,
  object = 16,
  null = 32,
  reference = 64,  // &expression
  numbers = 128,   // an array of nothing but numbers
  strings = 256,
  any_value = number | string | boolean | array | object | null,
};

struct Argument {
  const json* value;  // null for a reference
  const Node* reference;
};

struct Call {
  const Node& node;
  const std::vector<Argument>& arguments;

  const json& value(std::size_t i) const { return *arguments[i].value; }
};

inline constexpr std::size_t kAnyNumber = 1'000;

struct Function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
  std::array<unsigned, 2> types;  // of the first and of every further argument
  const json* (*call)(Evaluator&, const Call&);
};

const Function* find_function(std::string_view name);
std::vector<std::string_view> function_names();

// A sentence, or empty when the call fits.
std::string arity_fault(const Function& function, std::size_t given);
std::string type_fault(const Function& function, const std::vector<Argument>& arguments);

// "number", "string" … as the function type() tells it.
std::string_view type_name(const json& value);

}  // namespace carillon::jmespath
