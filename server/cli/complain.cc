#include "server/cli/complain.h"

#include <algorithm>
#include <cstdio>

#include "server/cli/command.h"

namespace carillon::cli {

int usage_error(const std::string& what) {
  std::fprintf(stderr, "carillon: %s\n", what.c_str());
  return kExitUsage;
}

int failure(const std::string& what) {
  std::fprintf(stderr, "carillon: %s\n", what.c_str());
  return kExitFailed;
}

int refused(const Error& error) {
  failure(error.message);
  return error.code == ErrorCode::unavailable ? kExitUnavailable : kExitFailed;
}

void print_mark(const std::string& text, std::size_t position) {
  // One column a character: bytes that go on a UTF-8 character take none.
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
  const auto columns =
      std::count_if(text.begin(), end, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  std::fprintf(stderr, "  %s\n  %s^\n", text.c_str(), std::string(static_cast<std::size_t>(columns), ' ').c_str());
}

}  // namespace carillon::cli
