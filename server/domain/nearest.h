// "Did you mean …?": the known names closest to one that nobody knows.
//
// Distance is counted in typing slips (insert, delete, replace, swap of neighbours), without regard to case, `-` and
// `_`; a name that contains the wanted one counts as close too. What is too far away is not offered: no answer beats a
// silly one.
//
// Pure functions; thread-safe.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carillon {

// The closest candidates, best first, at most `max`. Equally close names keep the order in which they were given.
std::vector<std::string> nearest_names(std::string_view wanted, std::span<const std::string_view> candidates,
                                       std::size_t max);

// The same for any range whose elements read as text: vector<string>, set<string>, an array of string_view …
template <class Range>
std::vector<std::string> nearest(std::string_view wanted, const Range& candidates, std::size_t max = 3) {
  const std::vector<std::string_view> views(std::begin(candidates), std::end(candidates));
  return nearest_names(wanted, views, max);
}
inline std::vector<std::string> nearest(std::string_view wanted, std::initializer_list<std::string_view> candidates,
                                        std::size_t max = 3) {
  return nearest_names(wanted, std::span{candidates.begin(), candidates.size()}, max);
}

// `: did you mean "a" or "b"?`, ready to follow a sentence; empty when there is no name to offer.
std::string did_you_mean(std::span<const std::string> names);

}  // namespace carillon
