// The keywords that apply subschemas to the items of arrays.
#include <nlohmann/json.hpp>

#include "server/domain/json_compare.h"
#include "server/domain/json_schema/checks.h"
#include "server/domain/json_schema/evaluation.h"
#include "server/domain/json_schema/values.h"

namespace carillon::json_schema {
namespace {

// One subschema for every item from `first` on that nobody has looked at yet.
bool apply_from(Evaluation& evaluation, const Rule& rule, const Place& place, std::size_t first) {
  bool all = true;
  for (std::size_t i = first; i < place.value.size(); ++i) {
    all &= evaluation.apply_to_child(rule.branches[0].node, {place.value[i], &place, {}, i});
    if (!all && !evaluation.goes_on()) return false;
  }
  return all;
}

// The first subschema for the first item, and so on.
bool apply_in_step(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  bool all = true;
  for (std::size_t i = 0; i < std::min(place.value.size(), rule.branches.size()); ++i) {
    if (evaluation.tracks_seen()) seen.items.insert(i);
    all &= evaluation.apply_to_child(rule.branches[i].node, {place.value[i], &place, {}, i});
    if (!all && !evaluation.goes_on()) return false;
  }
  return all;
}

std::size_t length_of(const json& owner, const char* name) {
  const auto found = owner.find(name);
  return found != owner.end() && found->is_array() ? found->size() : 0;
}

long double neighbour_count(const Rule& rule, const char* name, long double fallback) {
  const auto found = rule.owner->find(name);
  return found != rule.owner->end() && found->is_number() ? number_of(*found) : fallback;
}

}  // namespace

bool check_prefix_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  return !place.value.is_array() || apply_in_step(evaluation, rule, place, seen);
}

bool check_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_array()) return true;
  seen.all_items = true;
  return apply_from(evaluation, rule, place, length_of(*rule.owner, "prefixItems"));
}

bool check_items_of_draft7(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_array()) return true;
  return rule.value->is_array() ? apply_in_step(evaluation, rule, place, seen) : apply_from(evaluation, rule, place, 0);
}

bool check_additional_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  const auto items = rule.owner->find("items");
  if (!place.value.is_array() || items == rule.owner->end() || !items->is_array()) return true;
  return apply_from(evaluation, rule, place, items->size());
}

bool check_contains(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_array()) return true;
  const auto size = static_cast<long double>(place.value.size());
  const long double least = rule.counts_matches ? neighbour_count(rule, "minContains", 1) : 1;
  const long double most = rule.counts_matches ? neighbour_count(rule, "maxContains", size) : size;
  long double found = 0;
  for (std::size_t i = 0; i < place.value.size(); ++i) {
    Seen inside;
    if (!evaluation.asks(rule.branches[0].node, {place.value[i], &place, {}, i}, inside)) continue;
    ++found;
    if (evaluation.tracks_seen()) seen.items.insert(i);
  }
  if (found < least) {
    return evaluation.objects(rule, place,
                              "must hold at least " + plural(least, "item") + " of the kind asked for, not " +
                                  std::to_string(static_cast<std::uint64_t>(found)));
  }
  if (found <= most) return true;
  return evaluation.objects(rule, place,
                            "must hold at most " + plural(most, "item") + " of that kind, not " +
                                std::to_string(static_cast<std::uint64_t>(found)));
}

bool check_unevaluated_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_array() || seen.all_items) return true;
  bool all = true;
  for (std::size_t i = 0; i < place.value.size(); ++i) {
    if (seen.items.contains(i)) continue;
    all &= evaluation.apply_to_child(rule.branches[0].node, {place.value[i], &place, {}, i});
    if (!all && !evaluation.goes_on()) return false;
  }
  seen.all_items = true;
  return all;
}

}  // namespace carillon::json_schema
