// Where the public test corpora lie: $CARILLON_CORPORA, or beside the repository. A test that misses them says so
// loudly: it fails when the variable promises them, and otherwise prints what was not tested.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/json.h"

namespace carillon::corpora {

// The folder of one corpus. Nothing: it is not there, which has been said on stderr.
std::optional<std::filesystem::path> find(const std::string& corpus);

// The .json files of a folder, by name; `recursively` or not.
enum class Walk { here, below };
std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder, Walk walk);
json read(const std::filesystem::path& file);

}  // namespace carillon::corpora
