// The keywords that apply subschemas to the members of objects.
#include <nlohmann/json.hpp>
#include <set>

#include "server/domain/json_schema/checks.h"
#include "server/domain/json_schema/evaluation.h"
#include "server/domain/json_schema/values.h"
#include "server/domain/nearest.h"

namespace carillon::json_schema {
namespace {

void mark(Evaluation& evaluation, std::string_view name, Seen& seen) {
  if (evaluation.tracks_seen()) seen.properties.insert(name);
}

// A member that nothing allows: the most frequent slip, so it names what would have been.
bool objects_to_member(Evaluation& evaluation, const Rule& rule, const Place& member) {
  if (!evaluation.collects()) return false;
  std::vector<std::string> known;
  const auto properties = rule.owner->find("properties");
  if (properties != rule.owner->end() && properties->is_object()) {
    for (const auto& [name, schema] : properties->items()) known.push_back(name);
  }
  const std::string hint = did_you_mean(nearest(member.name, known));
  return evaluation.objects(rule, member, "is not known here" + (hint.empty() ? std::string{": leave it out"} : hint),
                            known);
}

// For `additionalProperties` and `unevaluatedProperties`: their subschema (branch 0) on one member.
bool apply_to_rest(Evaluation& evaluation, const Rule& rule, const Place& member) {
  if (*rule.value == false) return objects_to_member(evaluation, rule, member);
  return evaluation.apply_to_child(rule.branches[0].node, member);
}

bool matches_any(Evaluation& evaluation, const Rule& rule, const Place& place, std::string_view name) {
  for (const auto& pattern : rule.patterns) {
    if (evaluation.matches(rule, *pattern, place, name)) return true;
  }
  return false;
}

}  // namespace

bool check_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_object()) return true;
  bool all = true;
  for (const auto& branch : rule.branches) {
    const auto found = place.value.find(branch.name);
    if (found == place.value.end()) continue;
    mark(evaluation, found.key(), seen);
    all &= evaluation.apply_to_child(branch.node, {*found, &place, found.key()});
    if (!all && !evaluation.goes_on()) return false;
  }
  return all;
}

bool check_pattern_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_object()) return true;
  bool all = true;
  for (auto member = place.value.begin(); member != place.value.end(); ++member) {
    if (!evaluation.spend(rule.branches.size(), rule, place)) return false;
    for (std::size_t i = 0; i < rule.branches.size(); ++i) {
      if (!evaluation.matches(rule, *rule.patterns[i], place, member.key())) continue;
      mark(evaluation, member.key(), seen);
      all &= evaluation.apply_to_child(rule.branches[i].node, {*member, &place, member.key()});
      if (!all && !evaluation.goes_on()) return false;
    }
  }
  return all;
}

bool check_additional_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_object()) return true;
  const auto properties = rule.owner->find("properties");
  bool all = true;
  for (auto member = place.value.begin(); member != place.value.end(); ++member) {
    if (!evaluation.spend(1 + rule.patterns.size(), rule, place)) return false;
    if (properties != rule.owner->end() && properties->contains(member.key())) continue;
    if (matches_any(evaluation, rule, place, member.key())) continue;
    mark(evaluation, member.key(), seen);
    all &= apply_to_rest(evaluation, rule, {*member, &place, member.key()});
    if (!all && !evaluation.goes_on()) return false;
  }
  return all;
}

bool check_unevaluated_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_object() || seen.all_properties) return true;
  bool all = true;
  for (auto member = place.value.begin(); member != place.value.end(); ++member) {
    if (!evaluation.spend(1, rule, place)) return false;
    if (seen.properties.contains(member.key())) continue;
    all &= apply_to_rest(evaluation, rule, {*member, &place, member.key()});
    if (!all && !evaluation.goes_on()) return false;
  }
  seen.all_properties = true;
  return all;
}

bool check_property_names(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  if (!place.value.is_object()) return true;
  bool all = true;
  for (auto member = place.value.begin(); member != place.value.end(); ++member) {
    const json name = member.key();
    const bool named_well = evaluation.apply_to_child(rule.branches[0].node, {name, &place, member.key()});
    if (named_well) continue;
    all = evaluation.objects(rule, {*member, &place, member.key()}, "has a name that is not allowed: rename it");
    if (!evaluation.goes_on()) return false;
  }
  return all;
}

bool check_dependent_schemas(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  if (!place.value.is_object()) return true;
  bool all = true;
  for (const auto& branch : rule.branches) {
    if (!place.value.contains(branch.name)) continue;
    all &= evaluation.apply(branch.node, place, seen);
    if (!all && !evaluation.goes_on()) return false;
  }
  return all;
}

bool check_dependencies(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  const bool names = check_dependent_required(evaluation, rule, place, seen);
  if (!names && !evaluation.goes_on()) return false;
  return check_dependent_schemas(evaluation, rule, place, seen) && names;
}

}  // namespace carillon::json_schema
