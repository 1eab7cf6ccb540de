#include "server/engine/engine.h"
#include "tools/arguments.h"
#include "tools/paging.h"
#include "tools/pipeline_answers.h"
#include "tools/schemas.h"
#include "tools/tool.h"

// Saved pipelines and their templates.

namespace carillon::tools {
namespace {

ToolOutcome save_pipeline(CallContext& context, const json& arguments) {
  const SavePipeline command{.key = command_key(arguments),
                             .name = text_of(arguments, "name"),
                             .steps = optional_of<json>(arguments, "steps"),
                             .description = optional_of<std::string>(arguments, "description"),
                             .inputs = optional_of<json>(arguments, "inputs"),
                             .output = optional_of<json>(arguments, "output"),
                             .from_template = optional_of<std::string>(arguments, "from_template"),
                             .params = optional_of<json>(arguments, "params"),
                             .expected_version = optional_of<int>(arguments, "expected_version"),
                             .dry_run = flag_of(arguments, "dry_run")};
  const auto saved = context.ports.engine.save_pipeline(context.caller, command);
  if (!saved.ok()) return saved.error();
  return answer(*saved);
}

ToolOutcome list_pipelines(CallContext& context, const json& arguments) {
  const ListPipelines query{.query = optional_of<std::string>(arguments, "query"),
                            .names = arguments.value("names", std::vector<std::string>{}),
                            .templates = flag_of(arguments, "templates"),
                            .limit = arguments.value("limit", kDefaultLimit),
                            .cursor = optional_of<std::string>(arguments, "cursor")};
  return page_that_fits(query, format_of(arguments),
                        [&](const ListPipelines& q) { return context.ports.engine.list_pipelines(context.caller, q); });
}

const Tool kPipelineTools[] = {
    {.name = "save_pipeline",
     .title = "Save a pipeline",
     .summary = "Save steps under a name for schedule_task and run_now; tasks follow the latest version. Checks "
                "everything. Returns version, order, tools with effects, what changed.",
     .input_schema = schemas::save_pipeline,
     .hints = {.idempotent = true},
     .scope = Scope::pipelines,
     .toolset = Toolset::pipelines,
     .example = R"({"name": "brief", "steps": [{"id": "mail", "uses": "mail.unread"}]})",
     .call = save_pipeline,
     .makes_tasks = true},
    {.name = "list_pipelines",
     .title = "List pipelines",
     .summary = "Find pipelines or templates, or read some by name, with their versions.",
     .input_schema = schemas::list_pipelines,
     .hints = {.reads_only = true, .idempotent = true},
     .scope = Scope::read,
     .toolset = Toolset::pipelines,
     .example = R"({"names": ["brief"]})",
     .call = list_pipelines},
};

}  // namespace

std::span<const Tool> pipeline_tools() { return kPipelineTools; }

}  // namespace carillon::tools
