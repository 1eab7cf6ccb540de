// How a downstream tool is told, for search_tools and the resource catalog://…. Pure; thread-safe.
#pragma once

#include "server/domain/tool_caller.h"
#include "tools/downstream.h"
#include "tools/tool.h"

namespace carillon::tools {

// name: the name only; summary: with the first sentence; schema: with everything.
ordered_json tool_row(const ToolFacts& tool, DownstreamDetail detail);

}  // namespace carillon::tools
