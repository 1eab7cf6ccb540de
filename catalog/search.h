// Finding tools by words: a query is split into words, and each must be found in a tool's address, title, description
// or argument names. Where a word was found weighs: the name most, the description least. A misspelt word finds names
// that are a slip or two away.
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/tool_list.h"

namespace carillon::catalog {

struct ToolMatch {
  std::shared_ptr<const CatalogTool> tool;
  double score = 0;
};

// Best first; an empty query matches everything, in the order given.
std::vector<ToolMatch> rank_tools(std::string_view query, const std::vector<std::shared_ptr<const CatalogTool>>& tools);

}  // namespace carillon::catalog
