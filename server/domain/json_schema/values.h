// JSON values as JSON Schema compares and messages describe them: 1 is 1.0, and order in objects is nothing.
//
// Internal to this folder. Numbers are compared as long double, which holds every 64-bit integer exactly. Pure;
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/json.h"

namespace carillon::json_schema {

// Is the quotient whole? Decimal fractions count as what they were written as: 0.0075 is a multiple of 0.0001.
bool is_multiple(const json& value, const json& divisor);
bool is_integer(const json& value);
std::size_t characters_in(std::string_view utf8);

std::string in_words(const json& value);                       // "a string", "an array", "null"
std::string shown(const json& value);                          // the value itself while it is short, else in words
std::string plural(long double count, std::string_view noun);  // "1 item", "2 items"

}  // namespace carillon::json_schema
