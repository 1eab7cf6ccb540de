// Whether a file is another one than when we last looked: its time, size and number, compared for equality.
//
// A value; thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace carillon::catalog {

struct FileStamp {
  std::int64_t modified_ns = -1, size = -1;  // negative: there is no such file
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path);

}  // namespace carillon::catalog
