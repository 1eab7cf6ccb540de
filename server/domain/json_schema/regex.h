// Regular expressions of foreign schemas: ECMA-262 as JSON Schema wants it, run by PCRE2 with a limit on its work.
//
// The one place that includes PCRE2. A pattern that would backtrack without end gives `gave_up` instead of an answer.
// Thread-safe: compiled patterns are only read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace carillon::json_schema {

enum class Match { yes, no, gave_up };

class Regex {
 public:
  // The error's message says what is wrong and at which character of the pattern.
  static Result<std::shared_ptr<const Regex>> compile(std::string_view pattern);

  Match search(std::string_view text) const;

  struct Code;  // PCRE2's
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}

 private:
  std::shared_ptr<const Code> code_;
};

}  // namespace carillon::json_schema
