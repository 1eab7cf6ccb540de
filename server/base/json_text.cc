#include "server/base/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace carillon {
namespace {

Error refused(std::string message, std::size_t position) {
  Error error{ErrorCode::arguments_invalid, std::move(message)};
  error.details["position"] = position;
  return error;
}

// What is wrong where a text stops to be JSON, as far as it can be said in a way that helps to mend it.
std::string reason_of(const json::parse_error& broken) {
  const std::string_view said = broken.what();
  if (said.find("surrogate") != std::string_view::npos)
    return ": half of a surrogate pair (\\uD800 to \\uDFFF) stands alone; write both halves";
  if (said.find("UTF-8") != std::string_view::npos) return ": it is not UTF-8";
  if (said.find("control character") != std::string_view::npos) return ": a control character stands unescaped";
  return "";
}

}  // namespace

JsonShape shape_of(std::string_view text) {
  JsonShape shape{0, 1};
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      shape.depth = std::max(shape.depth, ++depth);
      ++shape.values;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    } else if (c == ',' || c == ':') {
      ++shape.values;
    }
  }
  return shape;
}

Result<json> read_json(std::string_view text, std::string_view what, const JsonLimits& limits) {
  const std::string subject{what};
  const JsonShape shape = shape_of(text);
  if (shape.depth > limits.depth_max)
    return refused(subject + " nests deeper than " + std::to_string(limits.depth_max) + " levels", 0);
  if (shape.values > limits.values_max)
    return refused(subject + " holds more than " + std::to_string(limits.values_max) + " values", 0);
  try {
    return json::parse(text);
  } catch (const json::parse_error& broken) {
    return refused(subject + " is not JSON" + reason_of(broken), broken.byte > 0 ? broken.byte - 1 : 0);
  } catch (const json::out_of_range&) {
    return refused(subject + " holds a number that is out of range", 0);
  }
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace carillon
