// Bytes in pieces over a pipe: the lines are those of the whole, however it was cut. The first byte is the length of
// the longest line, the second that of a piece.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "server/base/check.h"
#include "server/process/unique_fd.h"
#include "tests/fuzz/target.h"
#include "transport/line_connection.h"

namespace carillon::fuzz {
namespace {

using process::UniqueFd;

struct Lines {
  std::vector<std::string> taken;
  int too_long = 0;
};

void add_line(Lines& lines, std::string_view line, std::size_t limit) {
  if (line.size() > limit) {
    ++lines.too_long;
    return;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") != std::string_view::npos) lines.taken.emplace_back(line);
}

// What the lines are, told without reading in pieces.
Lines lines_of(std::string_view bytes, std::size_t limit) {
  Lines lines;
  while (!bytes.empty()) {
    const auto line = bytes.substr(0, bytes.find('\n'));
    add_line(lines, line, limit);
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
  }
  return lines;
}

void line_connection(std::string_view input) {
  constexpr std::size_t kPieces = 12;  // a pipe holds sixteen
  if (input.size() < 2) return;
  const std::size_t limit = static_cast<unsigned char>(input[0]) * 8U;
  const std::size_t piece = static_cast<unsigned char>(input[1]) + 1U;
  input.remove_prefix(2);
  input = input.substr(0, piece * kPieces);
  int ends[2];
  CARILLON_CHECK(::pipe2(ends, O_CLOEXEC | O_DIRECT) == 0);  // each write is read by itself
  const UniqueFd in{ends[0]};
  UniqueFd out{ends[1]};
  const UniqueFd nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};  // the connection opens its out once more
  for (auto rest = input; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    const auto part = rest.substr(0, piece);
    CARILLON_CHECK(::write(out.get(), part.data(), part.size()) == static_cast<ssize_t>(part.size()));
  }
  out.reset();
  Lines heard;
  transport::LineConnection connection{in.get(), nowhere.get(), {limit, 1000}};
  const transport::LineEvents events{[&](std::string_view line) {
                                       heard.taken.emplace_back(line);
                                       return transport::LineEvents::After::go_on;
                                     },
                                     [&] { ++heard.too_long; }, [] { return false; }};
  connection.begin({}, {});
  while (connection.round(events) == transport::LineConnection::Round::again) continue;
  const Lines wanted = lines_of(input, limit);
  CARILLON_CHECK(heard.taken == wanted.taken && heard.too_long == wanted.too_long);
}

const Target kLineConnectionTarget{"line_connection", line_connection};

}  // namespace
}  // namespace carillon::fuzz
