// ECMA-262 regular expressions (with the `u` flag) rewritten for PCRE2, where the two disagree.
//
// `\d \w` stay ASCII, `\s` is Unicode's white space, `.` stops at all four line ends, `\p{Letter}` takes ECMA's long
// names, `[]` and `[^]` mean nothing and anything, and what only PCRE2 knows (`\A`, `(?>`, `a++`, `(*VERB)`, POSIX
// classes) is refused or literal. Harmless needless escapes (`\-`, `\"`) are let through: schemas in the wild have
// them.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"

namespace carillon::json_schema {

// Error: what is wrong, and at which byte.
Result<std::string> pcre_from_ecma(std::string_view pattern);

}  // namespace carillon::json_schema
