// A piece of a schedule text that has a grammar of its own (a cron line, a recurrence rule) and where it begins, so
// that a refusal can point at it. Values; thread-safe as such.
#pragma once

#include <string_view>
#include <vector>

namespace carillon {

struct Piece {
  std::string_view text;
  std::size_t position;

  Piece from(std::size_t at) const { return {text.substr(at), position + at}; }
  Piece first(std::size_t length) const { return {text.substr(0, length), position}; }
};

// What stands between the separators, empty pieces included.
inline std::vector<Piece> split(Piece whole, std::string_view separators) {
  std::vector<Piece> pieces;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= whole.text.size(); ++at) {
    if (at < whole.text.size() && separators.find(whole.text[at]) == std::string_view::npos) continue;
    pieces.push_back({whole.text.substr(begin, at - begin), whole.position + begin});
    begin = at + 1;
  }
  return pieces;
}

}  // namespace carillon
