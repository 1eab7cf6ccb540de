#include "server/store/postgres_binaries.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <vector>

#include "server/process/child.h"
#include "server/process/executable.h"

namespace carillon {
namespace {

namespace fs = std::filesystem;

// "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" -> 15; a beta says "17beta1".
std::optional<int> version_in(const std::string& text) {
  const auto mark = text.find("(PostgreSQL) ");
  if (mark == std::string::npos) return std::nullopt;
  int major = 0;
  const char* const begin = text.data() + mark + 13;
  if (std::from_chars(begin, text.data() + text.size(), major).ec != std::errc{}) return std::nullopt;
  return major;
}

std::optional<PostgresBinaries> binaries_in(const std::string& directory) {
  if (::access((directory + "/initdb").c_str(), X_OK) != 0 || ::access((directory + "/postgres").c_str(), X_OK) != 0)
    return std::nullopt;
  process::Command command;
  command.arguments = {directory + "/postgres", "--version"};
  const auto answer = process::run_to_end(command, {});
  if (!answer) return std::nullopt;
  const auto version = version_in(answer->output);
  if (!version) return std::nullopt;
  return PostgresBinaries{directory, *version};
}

// Newest first, as the folder names say; PATH goes before all of them.
std::vector<std::string> debian_directories() {
  std::vector<std::pair<int, std::string>> found;
  std::error_code ignored_when_absent;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored_when_absent)) {
    const std::string name = entry.path().filename();
    int major = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), major).ec == std::errc{})
      found.emplace_back(-major, entry.path().string() + "/bin");
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> directories;
  for (auto& [order, directory] : found) directories.push_back(std::move(directory));
  return directories;
}

std::vector<std::string> candidates(const std::string& configured_dir) {
  if (!configured_dir.empty()) return {configured_dir};
  std::vector<std::string> directories;
  const char* const path = std::getenv("PATH");
  if (const auto initdb = process::find_executable("initdb", path ? path : ""))
    directories.push_back(fs::canonical(*initdb).parent_path());
  for (auto& directory : debian_directories()) directories.push_back(std::move(directory));
  return directories;
}

}  // namespace

Result<PostgresBinaries> find_postgres(const std::string& configured_dir, std::optional<int> major_version) {
  std::string seen;
  for (const auto& directory : candidates(configured_dir)) {
    const auto binaries = binaries_in(directory);
    if (!binaries) continue;
    if (major_version ? binaries->major_version == *major_version : binaries->major_version >= kOldestPostgres)
      return *binaries;
    seen += (seen.empty() ? " Found only: " : ", ") + std::to_string(binaries->major_version) + " in " + directory;
  }
  const std::string wanted = major_version
                                 ? "PostgreSQL " + std::to_string(*major_version) + ", which made this database"
                                 : "PostgreSQL " + std::to_string(kOldestPostgres) + " or newer";
  const std::string where = configured_dir.empty() ? "in PATH or /usr/lib/postgresql" : "in " + configured_dir;
  return Error{ErrorCode::unavailable,
               "no initdb and postgres of " + wanted + " " + where + "." + seen +
                   " Install the package postgresql, or set database.url to a database to use."};
}

}  // namespace carillon
