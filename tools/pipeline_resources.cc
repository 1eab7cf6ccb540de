#include "server/engine/engine.h"
#include "tools/pipeline_answers.h"
#include "tools/resource.h"

// Saved pipelines: the definition of one, in its latest version or in the one that is named.

namespace carillon::tools {
namespace {

Result<Reading> read_pipeline(const ReadCall& call) {
  const auto page = call.ports.engine.list_pipelines(call.caller, {.names = {call.at("name")}});
  if (!page.ok()) return page.error();
  return Reading{.blocks = {json_block(whole(*page))}};
}

constexpr Variable kPipeline[] = {{"name", suggest_pipelines}};

constexpr Resource kPipelineResources[] = {
    {.pattern = "pipeline://{name}",
     .name = "pipeline",
     .title = "Pipeline",
     .summary = "A saved pipeline or template in full, with its versions; pipeline://brief@2 for one of them.",
     .mime_type = kJson,
     .variables = kPipeline,
     .watch = Watch::pipeline,
     .example = "pipeline://brief",
     .read = read_pipeline},
};

}  // namespace

std::span<const Resource> pipeline_resources() { return kPipelineResources; }

std::string pipeline_uri(std::string_view pipeline) { return fill_uri(kPipelineResources[0].pattern, {pipeline}); }

}  // namespace carillon::tools
