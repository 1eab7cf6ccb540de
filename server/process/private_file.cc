#include "server/process/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "server/process/unique_fd.h"

namespace carillon::process {
namespace {

constexpr mode_t kOthers = 077;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

void write_all(const UniqueFd& file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t put = ::write(file.get(), content.data(), content.size());
    if (put < 0 && errno != EINTR) fail("cannot write " + path);
    if (put > 0) content.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(file.get()) != 0) fail("cannot write " + path);
}

// A draft beside the file, gone unless it is kept. Its name starts with a dot, so that listings pass it over.
class Draft {
 public:
  Draft(const std::string& path, std::string_view content) {
    const std::filesystem::path whole{path};
    name_ = (whole.parent_path() / ("." + whole.filename().string() + ".XXXXXX")).string();
    const UniqueFd file{::mkostemp(name_.data(), O_CLOEXEC)};  // 0600 from the start
    if (!file.open()) fail("cannot write beside " + path);
    write_all(file, content, name_);
  }
  ~Draft() { ::unlink(name_.c_str()); }  // nothing happens where it has been renamed
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace

void write_private_file(const std::string& path, std::string_view content) {
  const Draft draft{path, content};
  if (::rename(draft.name().c_str(), path.c_str()) != 0) fail("cannot replace " + path);
}

void make_private_file(const std::string& path, std::string_view content) {
  const Draft draft{path, content};
  if (::link(draft.name().c_str(), path.c_str()) != 0 && errno != EEXIST) fail("cannot make " + path);
}

std::optional<std::string> read_private_file(const std::string& path, std::size_t bytes_max) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.open() && errno == ENOENT) return std::nullopt;
  struct stat facts {};
  if (!file.open() || ::fstat(file.get(), &facts) != 0) fail("cannot read " + path);
  if ((facts.st_mode & kOthers) != 0) {
    errno = EPERM;
    fail("others may read " + path + "; run chmod 600 on it");
  }
  std::string content(bytes_max, '\0');
  std::size_t have = 0;
  while (have < bytes_max) {
    const ssize_t got = ::read(file.get(), content.data() + have, bytes_max - have);
    if (got < 0 && errno != EINTR) fail("cannot read " + path);
    if (got == 0) break;
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return content;
}

}  // namespace carillon::process
