// Where the public test corpora lie: tests/corpora (its README says whence), or where $CARILLON_CORPORA says.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/json.h"

namespace carillon::corpora {

// The folder of one corpus; the test fails when there is none.
std::filesystem::path find(const std::string& corpus);

// The .json files of a folder, by name; `recursively` or not.
enum class Walk { here, below };
std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder, Walk walk);
json read(const std::filesystem::path& file);

}  // namespace carillon::corpora
