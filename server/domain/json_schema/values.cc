#include "server/domain/json_schema/values.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/domain/json_compare.h"

namespace carillon::json_schema {
namespace {

constexpr std::size_t kShownBytesMax = 60;

}  // namespace

bool is_multiple(const json& value, const json& divisor) {
  const long double v = number_of(value);
  const long double d = number_of(divisor);
  if (value.is_number_integer() && divisor.is_number_integer()) return std::fmod(v, d) == 0;
  const double quotient = static_cast<double>(v) / static_cast<double>(d);
  if (!std::isfinite(quotient)) return std::fmod(v, d) == 0;
  // Both were written in decimal, so the quotient is whole up to the rounding of three doubles.
  return std::abs(quotient - std::nearbyint(quotient)) <=
         4 * std::numeric_limits<double>::epsilon() * std::abs(quotient);
}

bool is_integer(const json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::isfinite(value.get<double>()) &&
         std::trunc(value.get<double>()) == value.get<double>();
}

std::size_t characters_in(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

std::string in_words(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "an array";
    case json::value_t::string:
      return "a string";
    case json::value_t::boolean:
      return "a boolean";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return "an integer";
    case json::value_t::number_float:
      return "a number";
    default:
      return "no JSON value";
  }
}

std::string shown(const json& value) {
  if (value.is_structured()) return value.empty() ? value.dump() : in_words(value);
  const bool long_text = value.is_string() && value.get_ref<const std::string&>().size() > kShownBytesMax;
  return long_text ? "a long string" : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string plural(long double count, std::string_view noun) {
  const auto whole = static_cast<std::uint64_t>(count);
  const std::string number = std::to_string(whole);
  if (whole == 1) return number + " " + std::string{noun};
  if (noun.ends_with("y")) return number + " " + std::string{noun.substr(0, noun.size() - 1)} + "ies";
  return number + " " + std::string{noun} + "s";
}

}  // namespace carillon::json_schema
