// What the tools of saved pipelines answer, and their resource. Pure; thread-safe.
#pragma once

#include "server/engine/pipeline_commands.h"
#include "tools/arguments.h"
#include "tools/tool.h"

namespace carillon::tools {

Answer answer(const PipelineSaved& saved);
Answer answer(const PipelinePage& page, Format format);

Answer answer(const PlannedSteps& planned);

// A pipeline with its whole definition, as its resource tells it.
json whole(const PipelinePage& page);

}  // namespace carillon::tools
