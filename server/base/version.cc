#include "server/base/version.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <vector>

namespace carillon {
namespace {

struct Version {
  std::vector<int> numbers;
  bool released = true;  // nothing follows the numbers
  std::string_view stage;
};

std::optional<Version> read_version(std::string_view text) {
  Version version;
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    version.released = false;
    version.stage = text.substr(dash + 1);
  }
  text = text.substr(0, dash);
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t dot = std::min(text.find('.', from), text.size());
    int number = 0;
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + dot, number);
    if (error != std::errc{} || end != text.data() + dot || number < 0) return std::nullopt;
    version.numbers.push_back(number);
    from = dot + 1;
  }
  while (version.numbers.size() > 1 && version.numbers.back() == 0) version.numbers.pop_back();  // 1.0 is 1
  return version;
}

}  // namespace

bool is_newer(std::string_view left, std::string_view right) {
  const auto a = read_version(left), b = read_version(right);
  if (!a || !b) return false;
  return std::tie(a->numbers, a->released, a->stage) > std::tie(b->numbers, b->released, b->stage);
}

}  // namespace carillon
