#include "server/domain/json_compare.h"

#include <nlohmann/json.hpp>

namespace carillon {
namespace {

int kind_of(const json& value) {
  if (value.is_number()) return static_cast<int>(json::value_t::number_float);
  return static_cast<int>(value.type());
}

int compare_members(const json& a, const json& b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end(); ++left, ++right) {
    if (a.is_object()) {
      if (const int names = left.key().compare(right.key()); names != 0) return names;
    }
    if (const int values = compare_values(*left, *right); values != 0) return values;
  }
  return 0;
}

template <class T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

int compare_values(const json& a, const json& b) {
  if (const int kinds = three_way(kind_of(a), kind_of(b)); kinds != 0) return kinds;
  if (a.is_number()) return three_way(number_of(a), number_of(b));
  if (a.is_string()) return a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
  if (a.is_boolean()) return three_way(a.get<bool>(), b.get<bool>());
  if (!a.is_structured()) return 0;
  if (const int sizes = three_way(a.size(), b.size()); sizes != 0) return sizes;
  return compare_members(a, b);
}

long double number_of(const json& number) {
  if (number.is_number_unsigned()) return static_cast<long double>(number.get<std::uint64_t>());
  if (number.is_number_integer()) return static_cast<long double>(number.get<std::int64_t>());
  return number.get<double>();
}

bool deeper_than(const json& value, std::size_t depth_max) {
  if (!value.is_structured() || value.empty()) return false;
  if (depth_max == 0) return true;
  for (const auto& child : value) {
    if (deeper_than(child, depth_max - 1)) return true;
  }
  return false;
}

}  // namespace carillon
