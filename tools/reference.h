// The reference pages in docs/, printed from the rows and tables that they describe. A test compares them with the
// files and, told by CARILLON_WRITE_DOCS=1, rewrites them. Pure; thread-safe.
#pragma once

#include <string>

#include "tools/tool.h"

namespace carillon::tools {

std::string tool_page(const Tool& tool);  // docs/tools/<name>.md
std::string tools_index();                // docs/tools/README.md
std::string errors_page();                // docs/errors.md
std::string resources_page();             // docs/resources.md
std::string prompts_page();               // docs/prompts.md

}  // namespace carillon::tools
