// What a downstream server answers: facts, tools and defaults, or nothing that we can use.
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/json_text.h"
#include "tests/fuzz/target.h"
#include "transport/client_input.h"
#include "transport/client_protocol.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void client_protocol(std::string_view input) {
  static_cast<void>(id_in_broken_answer(input));
  if (shape_of(input).depth > 512) return;  // as the client refuses it
  const ordered_json ordered = ordered_json::parse(input, nullptr, false);
  if (ordered.is_discarded()) return;
  const json result = json::parse(input);
  static_cast<void>(kind_of(result));
  static_cast<void>(read_initialize_result(result));
  static_cast<void>(read_discover_result(result));
  static_cast<void>(proves_modern(result, 400));
  static_cast<void>(default_content(result));
  static_cast<void>(read_question(result));
  if (const auto task = read_task(result)) CARILLON_CHECK(!task->id.empty() && task->id.size() <= 512);
  const auto all = read_tool_page(ordered, HeaderMarks::ignored);
  const auto checked = read_tool_page(ordered, HeaderMarks::checked);
  CARILLON_CHECK(all.has_value() == checked.has_value());
  if (!all) return;
  CARILLON_CHECK(checked->tools.size() <= all->tools.size());
  for (const auto& tool : checked->tools) static_cast<void>(param_headers(tool.header_params, result));
}

const Target kClientProtocolTarget{"client_protocol", client_protocol};

}  // namespace
}  // namespace carillon::fuzz
