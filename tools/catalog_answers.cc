#include "tools/catalog_answers.h"

#include <algorithm>

#include "tools/render.h"

namespace carillon::tools {
namespace {

// The first sentence, or as much of it as fits a line.
std::string summary_of(const std::string& description) {
  constexpr std::size_t kSummaryBytes = 160;
  const std::size_t end = std::min(description.find(". "), description.find('\n'));
  const Extract line = extract(description.substr(0, end), kSummaryBytes);
  return line.whole ? line.text : line.text + "…";
}

}  // namespace

ordered_json tool_row(const ToolFacts& tool, DownstreamDetail detail) {
  ordered_json row{{"tool", tool.tool}};
  if (detail == DownstreamDetail::name) return row;
  row["effect"] = name_of(tool.effect);
  if (!tool.scopes.empty()) row["needs_scopes"] = tool.scopes.names();
  if (!tool.cost.is_free()) row["cost_usd"] = tool.cost.dollars();
  if (detail == DownstreamDetail::summary) {
    add(row, "summary", summary_of(tool.description));
    return row;
  }
  add(row, "description", tool.description);
  if (tool.timeout) row["timeout"] = say_duration(*tool.timeout);
  row["input_schema"] = tool.input_schema;
  if (!tool.output_schema.is_null()) row["output_schema"] = tool.output_schema;
  return row;
}

}  // namespace carillon::tools
