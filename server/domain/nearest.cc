#include "server/domain/nearest.h"

#include <algorithm>
#include <array>
#include <optional>

namespace carillon {
namespace {

constexpr std::size_t kComparedBytesMax = 128;  // longer names are compared by their beginning: the cost is quadratic

// Case and the word separators do not matter to a person who mistyped.
std::string comparable(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kComparedBytesMax)) {
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c == '-' ? '_' : c;
    }
  }
  return out;
}

// Optimal string alignment: Levenshtein's distance where a swap of neighbours counts once.
std::size_t typing_slips(std::string_view a, std::string_view b) {
  std::array<std::vector<std::size_t>, 3> rows;
  for (auto& row : rows) row.resize(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    const auto& above_twice = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], above_twice[j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

// Smaller is closer; nothing when the two have too little in common.
std::optional<std::size_t> distance(const std::string& wanted, const std::string& candidate) {
  if (wanted.empty() || candidate.empty()) return std::nullopt;
  const std::size_t slips = typing_slips(wanted, candidate);
  const std::size_t longer = std::max(wanted.size(), candidate.size());
  if (slips <= std::max<std::size_t>(1, longer / 3) && slips < longer) return slips;
  const bool contained = std::min(wanted.size(), candidate.size()) >= 3 &&
                         (candidate.find(wanted) != std::string::npos || wanted.find(candidate) != std::string::npos);
  if (contained) return longer;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> nearest_names(std::string_view wanted, std::span<const std::string_view> candidates,
                                       std::size_t max) {
  struct Scored {
    std::size_t distance;
    std::string_view name;
  };
  const std::string wanted_folded = comparable(wanted);
  std::vector<Scored> close;
  for (const auto name : candidates) {
    if (const auto far = distance(wanted_folded, comparable(name))) close.push_back({*far, name});
  }
  std::stable_sort(close.begin(), close.end(),
                   [](const Scored& a, const Scored& b) { return a.distance < b.distance; });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(max, close.size()); ++i) names.emplace_back(close[i].name);
  return names;
}

std::string did_you_mean(std::span<const std::string> names) {
  if (names.empty()) return {};
  std::string text = ": did you mean ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += '"' + names[i] + '"';
  }
  return text + '?';
}

}  // namespace carillon
