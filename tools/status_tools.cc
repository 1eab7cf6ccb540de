#include "tools/arguments.h"
#include "tools/help.h"
#include "tools/schemas.h"
#include "tools/status_answers.h"
#include "tools/tool.h"

namespace carillon::tools {
namespace {

Answer guide_answer(const std::string& topic) {
  const std::string text = find_guide(topic)->text();  // the schema names the guides
  return {.structured = {{"guide", text}}, .text = text};
}

ToolOutcome get_status(CallContext& context, const json& arguments) {
  if (const auto topic = optional_of<std::string>(arguments, "help")) return guide_answer(*topic);
  return settled(status_answer({context.caller, context.ports}, StatusUse::asked));
}

const Tool kStatusTools[] = {
    {.name = "get_status",
     .title = "Show the status",
     .summary = "Local time, who you are, queue, health, what comes next, what failed or was missed since you last "
                "asked; or a short guide.",
     .input_schema = schemas::get_status,
     .output_schema = output_schemas::get_status.text,
     .hints = {.reads_only = true},
     .scope = Scope::read,
     .toolset = Toolset::core,
     .example = R"({"help": "when"})",
     .call = get_status},
};

}  // namespace

std::span<const Tool> status_tools() { return kStatusTools; }

}  // namespace carillon::tools
