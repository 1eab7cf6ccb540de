// Lexer: a JMESPath expression cut into tokens, each with the byte at which it starts.
//
// For this folder, and for who puts something in the place of a name (pipeline/params.h). Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace carillon::jmespath {

enum class TokenKind {
  name,         // value: the name
  quoted_name,  // value: the name
  literal,      // value: the JSON value of `…` or '…'
  number,       // value: an integer
  dot,
  star,
  comma,
  colon,
  current,
  ampersand,
  left_bracket,
  right_bracket,
  left_paren,
  right_paren,
  left_brace,
  right_brace,
  flatten,  // []
  filter,   // [?
  pipe,
  either,
  both,
  negation,
  equal,
  unequal,
  less,
  at_most,
  more,
  at_least,
  end,
};

struct Token {
  TokenKind kind;
  std::size_t position;
  json value = nullptr;
};

// The last token is `end`.
Result<std::vector<Token>> tokens_of(std::string_view expression);

}  // namespace carillon::jmespath
