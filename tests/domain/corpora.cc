#include "tests/domain/corpora.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace carillon::corpora {

namespace fs = std::filesystem;

std::optional<fs::path> find(const std::string& corpus) {
  const char* named = std::getenv("CARILLON_CORPORA");
  const fs::path folder = fs::path{named == nullptr ? "../shared/corpora" : named} / corpus;
  if (fs::is_directory(folder)) return folder;
  if (named != nullptr) FAIL("CARILLON_CORPORA names a place without " << folder);
  std::cerr << "\n*** NOT RUN: the suite " << corpus << " is absent; set CARILLON_CORPORA to where it lies ***\n\n";
  return std::nullopt;
}

std::vector<fs::path> json_files(const fs::path& folder, Walk walk) {
  std::vector<fs::path> files;
  const auto keep = [&](const fs::directory_entry& entry) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") files.push_back(entry.path());
  };
  if (walk == Walk::here) {
    for (const auto& entry : fs::directory_iterator{folder}) keep(entry);
  } else {
    for (const auto& entry : fs::recursive_directory_iterator{folder}) keep(entry);
  }
  std::sort(files.begin(), files.end());
  return files;
}

json read(const fs::path& file) {
  std::ifstream in{file};
  return json::parse(in);
}

}  // namespace carillon::corpora
