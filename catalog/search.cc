#include "catalog/search.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "server/domain/nearest.h"

namespace carillon::catalog {
namespace {

constexpr double kNameWhole = 10, kNamePart = 6, kTitle = 4, kArgument = 2, kDescription = 1.5, kMisspelt = 1;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) || letter >= 0x80)
      words.back().push_back(static_cast<char>(std::tolower(letter)));
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool has(const std::vector<std::string>& words, const std::string& wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](const auto& word) { return word.find(wanted) != std::string::npos; });
}

struct SearchedTool {
  explicit SearchedTool(const CatalogTool& tool)
      : name(words_of(tool.facts().tool)),
        title(words_of(tool.facts().title)),
        description(words_of(tool.facts().description)) {
    const auto& schema = tool.facts().input_schema;
    if (const auto found = schema.find("properties"); found != schema.end() && found->is_object())
      for (const auto& [argument, rest] : found->items())
        for (auto& word : words_of(argument)) arguments.push_back(std::move(word));
  }

  std::optional<double> score(const std::string& word) const {
    if (std::find(name.begin(), name.end(), word) != name.end()) return kNameWhole;
    if (has(name, word)) return kNamePart;
    if (has(title, word)) return kTitle;
    if (has(arguments, word)) return kArgument;
    if (has(description, word)) return kDescription;
    if (word.size() >= 4 && !nearest(word, name, 1).empty()) return kMisspelt;
    return std::nullopt;
  }

  std::vector<std::string> name, title, description, arguments;
};

}  // namespace

std::vector<ToolMatch> rank_tools(std::string_view query,
                                  const std::vector<std::shared_ptr<const CatalogTool>>& tools) {
  const auto words = words_of(query);
  std::vector<ToolMatch> matches;
  for (const auto& tool : tools) {
    const SearchedTool searched{*tool};
    double total = 0;
    const bool all = std::all_of(words.begin(), words.end(), [&](const auto& word) {
      const auto score = searched.score(word);
      total += score.value_or(0);
      return score.has_value();
    });
    if (all) matches.push_back({tool, total});
  }
  std::stable_sort(matches.begin(), matches.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  return matches;
}

}  // namespace carillon::catalog
