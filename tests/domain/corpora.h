// Other people's test suites, which are not kept in this repository: in $CARILLON_CORPORA, by default
// ../shared/corpora. Where they are absent the test says so loudly and passes; where the variable names a place without
// them it fails.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/json.h"

namespace carillon::corpora {

// The folder of one corpus.
std::optional<std::filesystem::path> find(const std::string& corpus);

// The .json files of a folder, by name; `recursively` or not.
enum class Walk { here, below };
std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder, Walk walk);
json read(const std::filesystem::path& file);

}  // namespace carillon::corpora
