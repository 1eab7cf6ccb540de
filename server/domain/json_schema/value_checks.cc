// The keywords that look at one value and apply no subschema.
#include <nlohmann/json.hpp>

#include "server/domain/json_compare.h"
#include "server/domain/json_schema/checks.h"
#include "server/domain/json_schema/evaluation.h"
#include "server/domain/json_schema/formats.h"
#include "server/domain/json_schema/values.h"

namespace carillon::json_schema {
namespace {

bool has_type(const json& value, const std::string& type) {
  if (type == "integer") return is_integer(value);
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "boolean") return value.is_boolean();
  return value.is_null();
}

std::string with_article(const std::string& type) {
  if (type == "null") return type;
  return (type == "object" || type == "array" || type == "integer" ? "an " : "a ") + type;
}

std::string listed(const json& values, std::size_t max) {
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), max); ++i) text += (i == 0 ? "" : ", ") + shown(values[i]);
  if (values.size() > max) text += " or " + std::to_string(values.size() - max) + " others";
  return text;
}

enum class Bound { at_least, above, at_most, below };

bool check_bound(Evaluation& evaluation, const Rule& rule, const Place& place, Bound bound) {
  if (!place.value.is_number()) return true;
  const long double value = number_of(place.value);
  const long double limit = number_of(*rule.value);
  const auto object = [&](bool obeys, const char* demand) {
    if (obeys) return true;
    return evaluation.objects(rule, place, demand + shown(*rule.value) + ", not " + shown(place.value), *rule.value);
  };
  switch (bound) {
    case Bound::at_least:
      return object(value >= limit, "must be at least ");
    case Bound::above:
      return object(value > limit, "must be above ");
    case Bound::at_most:
      return object(value <= limit, "must be at most ");
    case Bound::below:
      return object(value < limit, "must be below ");
  }
  return true;
}

struct Counted {
  std::size_t count;
  std::string_view noun;
};

bool check_least(Evaluation& evaluation, const Rule& rule, const Place& place, Counted counted) {
  const long double limit = number_of(*rule.value);
  if (static_cast<long double>(counted.count) >= limit) return true;
  return evaluation.objects(
      rule, place, "must have at least " + plural(limit, counted.noun) + ", not " + std::to_string(counted.count),
      *rule.value);
}

bool check_most(Evaluation& evaluation, const Rule& rule, const Place& place, Counted counted) {
  const long double limit = number_of(*rule.value);
  if (static_cast<long double>(counted.count) <= limit) return true;
  return evaluation.objects(
      rule, place, "must have at most " + plural(limit, counted.noun) + ", not " + std::to_string(counted.count),
      *rule.value);
}

Counted characters(const Place& place) {
  return {characters_in(place.value.get_ref<const std::string&>()), "character"};
}

bool lacks(const json& object, const json& name) { return !object.contains(name.get_ref<const std::string&>()); }

}  // namespace

bool check_type(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (rule.value->is_string()) {
    const auto& type = rule.value->get_ref<const std::string&>();
    if (has_type(place.value, type)) return true;
    return evaluation.objects(rule, place, "must be " + with_article(type) + ", not " + in_words(place.value),
                              *rule.value);
  }
  std::string types;
  for (const auto& type : *rule.value) {
    const auto& name = type.get_ref<const std::string&>();
    if (has_type(place.value, name)) return true;
    types += (types.empty() ? "" : " or ") + with_article(name);
  }
  return evaluation.objects(rule, place, "must be " + types + ", not " + in_words(place.value), *rule.value);
}

bool check_enum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!evaluation.spend(rule.value->size(), rule, place)) return false;
  for (const auto& allowed : *rule.value) {
    if (compare_values(allowed, place.value) == 0) return true;
  }
  if (!evaluation.collects()) return false;
  return evaluation.objects(rule, place, "must be one of " + listed(*rule.value, 12) + ", not " + shown(place.value),
                            *rule.value);
}

bool check_const(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (compare_values(*rule.value, place.value) == 0) return true;
  return evaluation.objects(rule, place, "must be " + shown(*rule.value) + ", not " + shown(place.value), *rule.value);
}

bool check_required(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_object()) return true;
  if (!evaluation.spend(rule.value->size(), rule, place)) return false;
  bool all = true;
  for (const auto& name : *rule.value) {
    if (!lacks(place.value, name)) continue;
    all = evaluation.objects(rule, place, "lacks " + shown(name) + ": add it", json::array({name}));
    if (!evaluation.goes_on()) break;
  }
  return all;
}

bool check_minimum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return check_bound(evaluation, rule, place, Bound::at_least);
}

bool check_maximum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return check_bound(evaluation, rule, place, Bound::at_most);
}

bool check_exclusive_minimum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return check_bound(evaluation, rule, place, Bound::above);
}

bool check_exclusive_maximum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return check_bound(evaluation, rule, place, Bound::below);
}

bool check_multiple_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_number() || is_multiple(place.value, *rule.value)) return true;
  return evaluation.objects(rule, place, "must be a multiple of " + shown(*rule.value) + ", not " + shown(place.value),
                            *rule.value);
}

bool check_min_length(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return !place.value.is_string() || check_least(evaluation, rule, place, characters(place));
}

bool check_max_length(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return !place.value.is_string() || check_most(evaluation, rule, place, characters(place));
}

bool check_pattern(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_string()) return true;
  if (evaluation.matches(rule, *rule.patterns[0], place, place.value.get_ref<const std::string&>())) return true;
  return evaluation.objects(rule, place,
                            "must match the pattern " + rule.value->get_ref<const std::string&>() + ", which " +
                                shown(place.value) + " does not",
                            *rule.value);
}

bool check_format(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_string()) return true;
  const Format* format = find_format(rule.value->get_ref<const std::string&>());
  if (format == nullptr || format->accepts(place.value.get_ref<const std::string&>())) return true;
  return evaluation.objects(rule, place,
                            "must be " + std::string{format->in_words} + " such as " + std::string{format->example} +
                                ", not " + shown(place.value),
                            *rule.value);
}

bool check_min_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return !place.value.is_array() || check_least(evaluation, rule, place, {place.value.size(), "item"});
}

bool check_max_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return !place.value.is_array() || check_most(evaluation, rule, place, {place.value.size(), "item"});
}

bool check_unique_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_array() || *rule.value == false || place.value.size() < 2) return true;
  if (!evaluation.spend(place.value.size(), rule, place)) return false;
  if (deeper_than(place.value, evaluation.limits().depth_max)) {
    return evaluation.objects(rule, place, "is nested too deep to be compared item by item: flatten it");
  }
  std::vector<const json*> items;
  for (const auto& item : place.value) items.push_back(&item);
  std::sort(items.begin(), items.end(), [](const json* a, const json* b) { return compare_values(*a, *b) < 0; });
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (compare_values(*items[i - 1], *items[i]) != 0) continue;
    return evaluation.objects(rule, place, "must not hold an item twice: remove one " + shown(*items[i]));
  }
  return true;
}

bool check_min_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return !place.value.is_object() || check_least(evaluation, rule, place, {place.value.size(), "property"});
}

bool check_max_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  return !place.value.is_object() || check_most(evaluation, rule, place, {place.value.size(), "property"});
}

bool check_dependent_required(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_object()) return true;
  bool all = true;
  for (const auto& [present, names] : rule.value->items()) {
    if (!names.is_array() || !place.value.contains(present)) continue;
    for (const auto& name : names) {
      if (!lacks(place.value, name)) continue;
      all = evaluation.objects(rule, place, "lacks " + shown(name) + ": add it beside \"" + present + "\"",
                               json::array({name}));
      if (!evaluation.goes_on()) return false;
    }
  }
  return all;
}

}  // namespace carillon::json_schema
