// A header's value, NUL, a tool's input schema: any value survives the way through a header, and a schema's marks are
// rules or a reason.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"
#include "transport/mcp_headers.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void mcp_headers(std::string_view input) {
  const auto [value, schema_text] = two_texts(input);
  CARILLON_CHECK(from_header_value(to_header_value(value)) == value);
  static_cast<void>(from_header_value(value));
  static_cast<void>(name_member(value));
  if (schema_text.size() > 10'000) return;
  const ordered_json schema = ordered_json::parse(schema_text, nullptr, false);
  if (schema.is_discarded()) return;
  const auto params = header_params(schema);
  const auto* found = std::get_if<std::vector<HeaderParam>>(&params);
  if (found == nullptr) {
    CARILLON_CHECK(!std::get<std::string>(params).empty());
    return;
  }
  const json arguments = json::parse(schema_text);
  for (const auto& param : *found) {
    const json argument = argument_at(arguments, param);
    const auto text = mirrored_text(argument);
    if (text && param.kind != HeaderParam::Kind::integer) CARILLON_CHECK(header_matches(param, *text, argument));
    static_cast<void>(header_matches(param, value, argument));
  }
}

const Target kMcpHeadersTarget{"mcp_headers", mcp_headers};

}  // namespace
}  // namespace carillon::fuzz
