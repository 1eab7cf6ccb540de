#include "server/cli/prompt_files.h"

#include "server/base/log.h"
#include "tools/prompt.h"

namespace carillon::cli {

catalog::PromptFilesRead read_prompt_files(const std::string& directory) {
  std::vector<std::string> taken{"review_approvals", "agent_handoff"};
  for (const auto& row : tools::all_prompts()) taken.emplace_back(row.name);
  return catalog::read_prompt_files(directory, taken);
}

void keep_prompt_files(const std::string& directory, PromptTemplates& templates) {
  const auto read = read_prompt_files(directory);
  for (const auto& problem : read.problems) log::error("a prompt template is left out", {{"problem", problem}});
  templates.save(read.files);
}

}  // namespace carillon::cli
