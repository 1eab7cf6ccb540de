// The HTTP headers that mirror a modern request's body (Mcp-Method, Mcp-Name, Mcp-Param-*): how values are written, and
// which parameters of a tool are mirrored. Both sides of the wire use it. Pure functions; thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/json.h"

namespace carillon::transport {

// A value as a header carries it: plain, or =?base64?…?= where plain would be ambiguous or not visible ASCII.
std::string to_header_value(std::string_view value);
// The value a header carried; nothing if it has forbidden characters or broken base64 within the marks.
std::optional<std::string> from_header_value(std::string_view header);
// The string form of an argument: text as is, integers in decimal, true/false. Nothing for other kinds.
std::optional<std::string> mirrored_text(const json& argument);

// One `x-mcp-header` of a tool's input schema.
struct HeaderParam {
  std::string header;             // without the "Mcp-Param-" in front
  std::vector<std::string> path;  // the property's names from the root
  enum class Kind { text, integer, boolean } kind = Kind::text;
};
// The mirrored parameters of a tool, or why its schema breaks the rules (then a client on HTTP drops the tool).
std::variant<std::vector<HeaderParam>, std::string> header_params(const ordered_json& input_schema);

// The argument at a parameter's path; null where there is none.
json argument_at(const json& arguments, const HeaderParam& param);
// Whether a header's decoded value stands for this argument; integers compare as numbers (42.0 is 42).
bool header_matches(const HeaderParam& param, std::string_view value, const json& argument);

// The member of params that Mcp-Name must equal for this method; nothing if the method has none.
std::optional<std::string_view> name_member(std::string_view method);

}  // namespace carillon::transport
