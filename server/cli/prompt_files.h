// Prompt templates at the start of a daemon: their files are read and kept (engine/prompt_templates.h), and what is
// wrong with one is said in the log, with file and line; the others are served all the same.
//
// Thread-safe: holds no state.
#pragma once

#include <string>

#include "catalog/prompt_files.h"
#include "server/engine/prompt_templates.h"

namespace carillon::cli {

// Names of Carillon's own prompts are taken, also those that it does not have yet (spec tools.md §7).
catalog::PromptFilesRead read_prompt_files(const std::string& directory);

void keep_prompt_files(const std::string& directory, PromptTemplates& templates);

}  // namespace carillon::cli
