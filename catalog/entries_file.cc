#include "catalog/entries_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "server/process/unique_fd.h"

namespace carillon::catalog {
namespace {

constexpr std::size_t kFileBytesMax = 16u << 20;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

EntriesFile::Stamp EntriesFile::stamp() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

std::optional<EntriesRead> EntriesFile::read_if_changed() {
  if (path_.empty()) return std::nullopt;
  const Stamp now = stamp();
  if (seen_.with([&](auto& seen) { return std::exchange(seen, now) == now; })) return std::nullopt;
  const auto document = read_document(path_);
  if (document.ok()) return read_entries(*document);
  EntriesRead unreadable;
  unreadable.problems.push_back({"", document.error().message});
  return unreadable;
}

Result<ordered_json> read_document(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    if (!std::filesystem::exists(path)) return ordered_json::object();
    return Error{ErrorCode::arguments_invalid, "cannot read " + path};
  }
  std::string text;
  text.resize(kFileBytesMax + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) return Error{ErrorCode::too_large, path + " is larger than 16 MiB"};
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
  std::string neighbour = path + ".XXXXXX";
  const process::UniqueFd file{::mkostemp(neighbour.data(), O_CLOEXEC)};  // 0600 from the start
  if (!file.open()) fail("cannot write beside " + path);
  const std::string text = document.dump(2) + "\n";
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t put = ::write(file.get(), text.data() + written, text.size() - written);
    if (put < 0 && errno != EINTR) fail("cannot write " + neighbour);
    if (put > 0) written += static_cast<std::size_t>(put);
  }
  if (::fsync(file.get()) != 0) fail("cannot write " + neighbour);
  std::filesystem::rename(neighbour, path);
}

}  // namespace carillon::catalog
