// The files that prompt templates are read from (prompt_template.h): those that Carillon brings along, and
// `<name>.md` in a directory of the installation, which stand in for one of the same name. A file with a mistake is
// left out and named with its line, and nothing stands in for it; the others count.
//
// Reads a directory once; holds no state. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "server/domain/prompt_template.h"

namespace carillon::catalog {

inline constexpr std::size_t kPromptFilesMax = 200;

struct PromptFilesRead {
  std::vector<PromptFile> files;      // by name
  std::vector<std::string> problems;  // "<file>:<line>: what to change"
};

// `taken`: names that are not free. A directory that is not there holds no files.
PromptFilesRead read_prompt_files(const std::string& directory, const std::vector<std::string>& taken);

}  // namespace carillon::catalog
