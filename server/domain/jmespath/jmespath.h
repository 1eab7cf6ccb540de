// JMESPath: the one expression language of conditions and templates, all of it, judged by the official compliance
// suite.
//
// Compile once, evaluate as often as you like. An expression is data written by other people: nesting, the number of
// values visited and the size of what is made are limited, and an error says what to change and at which character.
// A missing member is null, as JMESPath says; templates, which are stricter, ask `plain_path`.
//
// Expression is immutable and cheap to copy; any number of threads may evaluate one at the same time.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::jmespath {

// Named as in the compliance suite.
enum class Fault { syntax, invalid_arity, invalid_type, invalid_value, unknown_function, over_limit };
std::string_view wire_name(Fault fault);  // "syntax", "invalid-arity" …

struct Limits {
  std::size_t expression_bytes_max = 65'536;
  std::size_t depth_max = 200;         // nesting of the expression
  std::size_t nodes_max = 10'000'000;  // values visited or made in one evaluation
};

struct Node;  // the compiled form

class Expression {
 public:
  Expression(std::shared_ptr<const Node> root, Limits limits) : root_(std::move(root)), limits_(limits) {}

  // Errors: `arguments_invalid`, with `details` {"fault", "position"} where position counts bytes from 0.
  Result<json> evaluate(const json& data) const;

  // The members of an expression that is nothing but `a.b.c` or `a.b[0]`; nothing for any other expression.
  using Step = std::variant<std::string, std::int64_t>;
  std::optional<std::vector<Step>> plain_path() const;

  // The members of the data that the expression reads, each once, sorted: `steps.a || input.b` gives input, steps.
  std::vector<std::string> roots() const;

 private:
  std::shared_ptr<const Node> root_;
  Limits limits_;
};

Result<Expression> compile(std::string_view expression, Limits limits = {});

// As JMESPath has it: null, false, "", [] and {} are false; everything else is true.
bool is_truthy(const json& value);

}  // namespace carillon::jmespath
