// The schemas of the tools, compiled in: schemas/tools/<name>.json as schemas::<name>, and for the stable results
// schemas/tools/output/<name>.json as output_schemas::<name>. Constants.
#pragma once

#include "schemas/tools.h"
#include "schemas/tools_output.h"

namespace carillon::tools {
namespace schemas = carillon::schemas::tools;
namespace output_schemas = carillon::schemas::tools_output;
}  // namespace carillon::tools
