// The keywords that combine or refer to subschemas for the same value.
#include <nlohmann/json.hpp>

#include "server/domain/json_schema/checks.h"
#include "server/domain/json_schema/evaluation.h"

namespace carillon::json_schema {
namespace {

const Branch* branch_named(const Rule& rule, std::string_view name) {
  for (const auto& branch : rule.branches) {
    if (branch.name == name) return &branch;
  }
  return nullptr;
}

// A branch whose very type is wrong here is not what the caller had in mind.
bool is_of_other_kind(const std::vector<Violation>& violations, const std::string& pointer) {
  for (const auto& violation : violations) {
    const bool about_kind = violation.schema_pointer.ends_with("/type") ||
                            violation.schema_pointer.ends_with("/const") || violation.schema_pointer.ends_with("/enum");
    if (about_kind && violation.pointer == pointer) return true;
  }
  return false;
}

// None of the branches accepts: says so, and what the branch that came closest misses.
bool objects_to_all(Evaluation& evaluation, const Rule& rule, const Place& place,
                    std::vector<std::vector<Violation>> failures) {
  if (!evaluation.collects()) return false;
  const std::string pointer = place.pointer();
  std::vector<Violation>* closest = nullptr;
  for (auto& violations : failures) {
    if (violations.empty() || is_of_other_kind(violations, pointer)) continue;
    if (closest == nullptr || violations.size() < closest->size()) closest = &violations;
  }
  if (closest == nullptr) {
    std::string message = "fits none of the " + std::to_string(failures.size()) + " forms allowed";
    for (const auto& violations : failures) {
      if (!violations.empty() && failures.size() <= 5) message += "; it " + violations.front().message;
    }
    return evaluation.objects(rule, place, std::move(message));
  }
  evaluation.objects(
      rule, place,
      "fits none of the " + std::to_string(failures.size()) + " forms allowed; the closest one is described next");
  evaluation.adopt(std::move(*closest));
  return false;
}

}  // namespace

bool check_ref(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  return evaluation.follow(rule.branches[0].node, rule, place, seen);
}

bool check_dynamic_ref(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  return evaluation.follow(evaluation.dynamic_target(rule), rule, place, seen);
}

bool check_all_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  bool all = true;
  for (const auto& branch : rule.branches) {
    all &= evaluation.apply(branch.node, place, seen);
    if (!all && !evaluation.goes_on()) return false;
  }
  return all;
}

bool check_any_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  bool any = false;
  std::vector<std::vector<Violation>> failures;
  for (const auto& branch : rule.branches) {
    std::vector<Violation> violations;
    any |= evaluation.tries(branch.node, place, seen, violations);
    if (any && !evaluation.tracks_seen()) return true;
    failures.push_back(std::move(violations));
  }
  return any || objects_to_all(evaluation, rule, place, std::move(failures));
}

bool check_one_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  std::vector<std::size_t> fitting;
  std::vector<std::vector<Violation>> failures;
  for (std::size_t i = 0; i < rule.branches.size(); ++i) {
    std::vector<Violation> violations;
    if (evaluation.tries(rule.branches[i].node, place, seen, violations)) fitting.push_back(i);
    if (fitting.size() > 1) break;
    failures.push_back(std::move(violations));
  }
  if (fitting.size() == 1) return true;
  if (fitting.empty()) return objects_to_all(evaluation, rule, place, std::move(failures));
  return evaluation.objects(rule, place,
                            "fits more than one of the forms allowed (numbers " + std::to_string(fitting[0] + 1) +
                                " and " + std::to_string(fitting[1] + 1) + "): make it fit one only");
}

bool check_not(Evaluation& evaluation, const Rule& rule, const Place& place, Seen&) {
  Seen inside;
  if (!evaluation.asks(rule.branches[0].node, place, inside)) return !evaluation.gave_up();
  return evaluation.objects(rule, place, "has the one form that is forbidden here: change it", *rule.value);
}

bool check_if(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen) {
  const bool holds = evaluation.asks(rule.branches[0].node, place, seen);
  if (evaluation.gave_up()) return false;
  const Branch* next = branch_named(rule, holds ? "then" : "else");
  return next == nullptr || evaluation.apply(next->node, place, seen);
}

}  // namespace carillon::json_schema
