#include "catalog/file_stamp.h"

#include <sys/stat.h>

namespace carillon::catalog {

FileStamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

}  // namespace carillon::catalog
