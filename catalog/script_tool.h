// `carillon.run_script`: a program of this machine as a tool; the work of script steps.
//
// Off unless the configuration names programs (script.programs). A program runs with nothing of ours: no variables, a
// directory of its own that is gone afterwards, limits on time, memory and files, no rights to gain, and no network
// where the kernel allows that. What it leaves running in its group ends with it. The function may be called from any
// thread; it blocks.
#pragma once

#include "catalog/builtin.h"

namespace carillon::catalog {

BuiltInTool script_tool(const ScriptOptions& options);

}  // namespace carillon::catalog
