#include "catalog/entries_file.h"

#include <filesystem>
#include <fstream>

#include "server/process/private_file.h"

namespace carillon::catalog {
namespace {

constexpr std::size_t kEntriesBytesMax = 16u << 20;

}  // namespace

EntriesFile::Seen EntriesFile::look(const Seen& before) const {
  Seen now{stamp_of(path_), vault_.stamp(Shelf::secrets), {}};
  for (const auto& [file, stamp] : before.files) now.files[file] = stamp_of(file);
  return now;
}

std::optional<EntriesRead> EntriesFile::read_if_changed() {
  if (path_.empty()) return std::nullopt;
  return seen_.with([&](auto& seen) -> std::optional<EntriesRead> {
    Seen now = look(seen.value_or(Seen{}));
    if (seen == now) return std::nullopt;
    const auto document = read_document(path_);
    EntriesRead read;
    if (document.ok())
      read = read_entries(*document, vault_);
    else
      read.problems.push_back({"", document.error().message});
    now.files = read.files;
    seen = std::move(now);
    return read;
  });
}

Result<ordered_json> read_document(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    if (!std::filesystem::exists(path)) return ordered_json::object();
    return Error{ErrorCode::arguments_invalid, "cannot read " + path};
  }
  std::string text;
  text.resize(kEntriesBytesMax + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kEntriesBytesMax) return Error{ErrorCode::too_large, path + " is larger than 16 MiB"};
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return ordered_json::object();
  // Hosts' files may hold comments.
  auto document = ordered_json::parse(text, nullptr, false, true);
  if (!document.is_discarded()) return document;
  try {
    document = ordered_json::parse(text, nullptr, true, true);
  } catch (const ordered_json::parse_error& problem) {
    return Error{ErrorCode::arguments_invalid, path + " is no JSON: " + problem.what()};
  }
  return document;
}

void write_document(const std::string& path, const ordered_json& document) {
  const auto folder = std::filesystem::path{path}.parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  process::write_private_file(path, document.dump(2) + "\n");
}

}  // namespace carillon::catalog
