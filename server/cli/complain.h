// How commands tell a person at the terminal what is wrong: on stderr, after the program's name.
#pragma once

#include <cstddef>
#include <string>

#include "server/base/error.h"

namespace carillon::cli {

// Gives kExitUsage.
int usage_error(const std::string& what);

// Gives kExitFailed.
int failure(const std::string& what);

// Gives kExitUnavailable or kExitFailed.
int refused(const Error& error);

// The text with a mark under the byte at `position`.
void print_mark(const std::string& text, std::size_t position);

}  // namespace carillon::cli
