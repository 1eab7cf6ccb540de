#include <algorithm>

#include "tools/instructions.h"
#include "tools/tool_set.h"

namespace carillon::tools {
namespace {

transport::ToolEntry annotations_of(const Tool& tool) {
  transport::ToolEntry annotations;
  annotations["readOnlyHint"] = tool.hints.reads_only;
  annotations["destructiveHint"] = tool.hints.destroys;
  annotations["idempotentHint"] = tool.hints.idempotent;
  annotations["openWorldHint"] = tool.hints.open_world;
  return annotations;
}

}  // namespace

std::span<const Tool> all_tools() {
  // The order of the tool surface's own table, whichever family a row lives in.
  static const std::vector<Tool> rows = [] {
    constexpr auto kOrder = std::to_array<std::string_view>(
        {"schedule_task",  "preview",       "list_tasks",     "get_task",      "update_task", "set_task_state",
         "snooze",         "run_now",       "list_runs",      "get_run",       "cancel_run",  "retry_run",
         "respond_to_run", "save_pipeline", "list_pipelines", "publish_event", "list_events", "search_tools",
         "call_tool",      "get_state",     "set_state",      "get_status",    "delete_item"});
    std::vector<Tool> all;
    for (const auto family : {task_tools(), task_state_tools(), run_tools(), pipeline_tools(), event_tools(),
                              catalog_tools(), state_tools(), status_tools()})
      all.insert(all.end(), family.begin(), family.end());
    const auto rank = [&](const Tool& tool) {
      return std::find(kOrder.begin(), kOrder.end(), tool.name) - kOrder.begin();  // a new one comes last
    };
    std::stable_sort(all.begin(), all.end(), [&](const Tool& a, const Tool& b) { return rank(a) < rank(b); });
    return all;
  }();
  return rows;
}

ToolOutcome settled(Result<Answer> result) {
  if (!result.ok()) return result.error();
  return std::move(*result);
}

const Tool* find_tool(std::string_view name) {
  const auto rows = all_tools();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Tool& tool) { return tool.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

transport::ToolEntry tool_entry(const Tool& tool, std::string_view prefix) {
  transport::ToolEntry entry;
  entry["name"] = std::string(prefix) + std::string(tool.name);
  entry["title"] = tool.title;
  entry["description"] = with_prefix(tool.summary, prefix);
  entry["inputSchema"] = transport::ToolEntry::parse(tool.input_schema.text);
  if (!tool.output_schema.empty()) entry["outputSchema"] = transport::ToolEntry::parse(tool.output_schema);
  entry["annotations"] = annotations_of(tool);
  if (tool.resume != nullptr) entry["execution"] = {{"taskSupport", "optional"}};
  return entry;
}

std::string with_prefix(std::string_view text, std::string_view prefix) {
  std::string out{text};
  for (const auto& tool : all_tools()) {
    const std::string quoted = "`" + std::string(tool.name) + "`";
    for (std::size_t at = out.find(quoted); at != std::string::npos; at = out.find(quoted, at + quoted.size()))
      out.insert(at + 1, prefix);
  }
  return out;
}

}  // namespace carillon::tools
