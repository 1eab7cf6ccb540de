// A line that a front passes on: if it is a JSON object, its envelope says of the id what the parser says.
#include "transport/envelope.h"

#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json.h"
#include "tests/fuzz/target.h"

namespace carillon::fuzz {
namespace {

void envelope(std::string_view line) {
  const auto read = transport::read_envelope(line, transport::Reading::whole);
  const auto hasty = transport::read_envelope(line, transport::Reading::until_known);
  if (read) CARILLON_CHECK(hasty);
  constexpr std::size_t kEscapeMax = 6;  // what one byte grows to at most: an escape by its code
  if (hasty) CARILLON_CHECK(transport::plain_id(hasty->id).size() <= line.size() * kEscapeMax);
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return;
  CARILLON_CHECK(read);
  if (line.find('\\') != std::string_view::npos) return;  // names with escapes are not looked into
  const bool has_id = parsed.contains("id") && (parsed["id"].is_string() || parsed["id"].is_number_integer());
  const std::string id = has_id ? parsed["id"].dump(-1, ' ', false, json::error_handler_t::replace) : "";
  CARILLON_CHECK(transport::plain_id(read->id) == id);
}

const Target kEnvelopeTarget{"envelope", envelope};

}  // namespace
}  // namespace carillon::fuzz
