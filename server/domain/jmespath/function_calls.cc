#include "server/domain/jmespath/function_calls.h"

#include <algorithm>
#include <cmath>

#include "server/domain/json_compare.h"

namespace carillon::jmespath {
namespace {

constexpr double kIntegerLimit = 9.2e18;

const std::string& text(const json& value) { return value.get_ref<const std::string&>(); }

// A whole number stays an integer while it fits.
json from_double(double value) {
  const bool fits = std::trunc(value) == value && std::abs(value) < kIntegerLimit;
  return fits ? json(static_cast<std::int64_t>(value)) : json(value);
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// The key of every element; all numbers or all strings. Null pointers in the result do not occur; nothing is a fault.
std::optional<std::vector<const json*>> keys_by(Evaluator& evaluator, const Call& call) {
  std::vector<const json*> keys;
  for (const auto& element : call.value(0)) {
    const json* key = evaluator.evaluate(*call.arguments[1].reference, element);
    if (key == nullptr) return std::nullopt;
    const bool same_type = keys.empty() || type_name(*key) == type_name(*keys.front());
    if (!same_type || !(key->is_number() || key->is_string())) {
      evaluator.fail(Fault::invalid_type, call.node.position,
                     std::string{call.node.function->name} + "() needs keys that are all numbers or all strings, not " +
                         std::string{type_name(*key)});
      return std::nullopt;
    }
    keys.push_back(key);
  }
  return keys;
}

enum class Extreme { least, most };

const json* extreme_by(Evaluator& evaluator, const Call& call, Extreme extreme) {
  const auto keys = keys_by(evaluator, call);
  if (!keys) return nullptr;
  if (keys->empty()) return evaluator.keep(nullptr);
  std::size_t best = 0;
  for (std::size_t i = 1; i < keys->size(); ++i) {
    const int order = compare_values(*(*keys)[i], *(*keys)[best]);
    if (extreme == Extreme::least ? order < 0 : order > 0) best = i;
  }
  return &call.value(0)[best];
}

const json* extreme_of(Evaluator& evaluator, const Call& call, Extreme extreme) {
  const json& values = call.value(0);
  if (values.empty()) return evaluator.keep(nullptr);
  const json* best = &values.front();
  for (const auto& value : values) {
    const int order = compare_values(value, *best);
    if (extreme == Extreme::least ? order < 0 : order > 0) best = &value;
  }
  return best;
}

const json* sorted_by(Evaluator& evaluator, const Call& call, const std::vector<const json*>& keys) {
  const json& values = call.value(0);
  if (!evaluator.spend_copy(values, call.node.position)) return nullptr;
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return compare_values(*keys[a], *keys[b]) < 0; });
  json out = json::array();
  for (const std::size_t i : order) out.push_back(values[i]);
  return evaluator.keep(std::move(out));
}

json sum_of(const json& values) {
  std::int64_t whole = 0;
  double real = 0;
  bool exact = true;
  for (const auto& value : values) {
    real += value.get<double>();
    exact = exact && value.is_number_integer() && !__builtin_add_overflow(whole, value.get<std::int64_t>(), &whole);
  }
  return exact ? json(whole) : json(real);
}

std::string reversed(const std::string& utf8) {
  std::string out;
  for (std::size_t end = utf8.size(); end > 0;) {
    std::size_t start = end - 1;
    while (start > 0 && is_continuation(utf8[start])) --start;
    out += utf8.substr(start, end - start);
    end = start;
  }
  return out;
}

}  // namespace

const json* call_abs(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  if (value >= 0) return &value;
  if (value.is_number_integer() && value != INT64_MIN) return evaluator.keep(-value.get<std::int64_t>());
  return evaluator.keep(-value.get<double>());
}

const json* call_avg(Evaluator& evaluator, const Call& call) {
  const json& values = call.value(0);
  if (values.empty()) return evaluator.keep(nullptr);
  return evaluator.keep(sum_of(values).get<double>() / static_cast<double>(values.size()));
}

const json* call_ceil(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  return value.is_number_integer() ? &value : evaluator.keep(from_double(std::ceil(value.get<double>())));
}

const json* call_contains(Evaluator& evaluator, const Call& call) {
  const json& where = call.value(0);
  const json& what = call.value(1);
  if (where.is_string()) {
    return evaluator.keep(what.is_string() && text(where).find(text(what)) != std::string::npos);
  }
  if (!evaluator.spend_copy(what, call.node.position) || !evaluator.spend(where.size(), call.node.position))
    return nullptr;
  return evaluator.keep(
      std::any_of(where.begin(), where.end(), [&](const json& each) { return compare_values(each, what) == 0; }));
}

const json* call_ends_with(Evaluator& evaluator, const Call& call) {
  return evaluator.keep(text(call.value(0)).ends_with(text(call.value(1))));
}

const json* call_floor(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  return value.is_number_integer() ? &value : evaluator.keep(from_double(std::floor(value.get<double>())));
}

const json* call_join(Evaluator& evaluator, const Call& call) {
  const std::string& between = text(call.value(0));
  std::string out;
  for (const auto& part : call.value(1)) {
    if (!evaluator.spend_copy(part, call.node.position) || !evaluator.spend_copy(call.value(0), call.node.position))
      return nullptr;
    if (&part != &call.value(1).front()) out += between;
    out += text(part);
  }
  return evaluator.keep(std::move(out));
}

const json* call_keys(Evaluator& evaluator, const Call& call) {
  json names = json::array();
  for (auto member = call.value(0).begin(); member != call.value(0).end(); ++member) {
    names.push_back(member.key());
    if (!evaluator.spend_copy(names.back(), call.node.position)) return nullptr;
  }
  return evaluator.keep(std::move(names));
}

const json* call_length(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  if (!value.is_string()) return evaluator.keep(value.size());
  const auto characters =
      std::count_if(text(value).begin(), text(value).end(), [](char c) { return !is_continuation(c); });
  return evaluator.keep(static_cast<std::uint64_t>(characters));
}

const json* call_map(Evaluator& evaluator, const Call& call) {
  json out = json::array();
  for (const auto& element : call.value(1)) {
    const json* mapped = evaluator.evaluate(*call.arguments[0].reference, element);
    if (mapped == nullptr || !evaluator.spend_copy(*mapped, call.node.position)) return nullptr;
    out.push_back(*mapped);
  }
  return evaluator.keep(std::move(out));
}

const json* call_max(Evaluator& evaluator, const Call& call) { return extreme_of(evaluator, call, Extreme::most); }
const json* call_max_by(Evaluator& evaluator, const Call& call) { return extreme_by(evaluator, call, Extreme::most); }
const json* call_min(Evaluator& evaluator, const Call& call) { return extreme_of(evaluator, call, Extreme::least); }
const json* call_min_by(Evaluator& evaluator, const Call& call) { return extreme_by(evaluator, call, Extreme::least); }

const json* call_merge(Evaluator& evaluator, const Call& call) {
  json out = json::object();
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (!evaluator.spend_copy(call.value(i), call.node.position)) return nullptr;
    out.update(call.value(i));
  }
  return evaluator.keep(std::move(out));
}

const json* call_not_null(Evaluator& evaluator, const Call& call) {
  for (const auto& argument : call.arguments) {
    if (!argument.value->is_null()) return argument.value;
  }
  return evaluator.keep(nullptr);
}

const json* call_reverse(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  if (!evaluator.spend_copy(value, call.node.position)) return nullptr;
  if (value.is_string()) return evaluator.keep(reversed(text(value)));
  json out = value;
  std::reverse(out.begin(), out.end());
  return evaluator.keep(std::move(out));
}

const json* call_sort(Evaluator& evaluator, const Call& call) {
  std::vector<const json*> keys;
  for (const auto& value : call.value(0)) keys.push_back(&value);
  return sorted_by(evaluator, call, keys);
}

const json* call_sort_by(Evaluator& evaluator, const Call& call) {
  const auto keys = keys_by(evaluator, call);
  return keys ? sorted_by(evaluator, call, *keys) : nullptr;
}

const json* call_starts_with(Evaluator& evaluator, const Call& call) {
  return evaluator.keep(text(call.value(0)).starts_with(text(call.value(1))));
}

const json* call_sum(Evaluator& evaluator, const Call& call) { return evaluator.keep(sum_of(call.value(0))); }

const json* call_to_array(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  if (value.is_array()) return &value;
  if (!evaluator.spend_copy(value, call.node.position)) return nullptr;
  return evaluator.keep(json::array({value}));
}

const json* call_to_number(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  if (value.is_number()) return &value;
  if (!value.is_string()) return evaluator.keep(nullptr);
  json parsed = json::parse(text(value), nullptr, false);
  return evaluator.keep(parsed.is_number() ? std::move(parsed) : json(nullptr));
}

const json* call_to_string(Evaluator& evaluator, const Call& call) {
  const json& value = call.value(0);
  if (value.is_string()) return &value;
  if (!evaluator.spend_copy(value, call.node.position)) return nullptr;
  return evaluator.keep(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

const json* call_type(Evaluator& evaluator, const Call& call) {
  return evaluator.keep(std::string{type_name(call.value(0))});
}

const json* call_values(Evaluator& evaluator, const Call& call) {
  if (!evaluator.spend_copy(call.value(0), call.node.position)) return nullptr;
  json out = json::array();
  for (const auto& value : call.value(0)) out.push_back(value);
  return evaluator.keep(std::move(out));
}

}  // namespace carillon::jmespath
