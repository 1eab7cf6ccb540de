// The checks of all keywords, as the table in keywords.cc names them: does the value at `place` obey the rule?
//
// Internal to this folder. Each reports what it objects to and adds to `seen` what it looked at. Those of values stand
// in value_checks.cc, those that apply subschemas in object_checks.cc, array_checks.cc and combining_checks.cc.
#pragma once

namespace carillon::json_schema {

class Evaluation;
struct Place;
struct Rule;
struct Seen;

bool check_ref(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_dynamic_ref(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_type(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_enum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_const(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_required(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_minimum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_maximum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_exclusive_minimum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_exclusive_maximum(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_multiple_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_min_length(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_max_length(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_pattern(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_format(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_min_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_max_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_unique_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_min_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_max_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_dependent_required(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_pattern_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_additional_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_property_names(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_dependencies(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_dependent_schemas(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_prefix_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_items_of_draft7(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_additional_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_contains(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_all_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_any_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_one_of(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_not(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_if(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_unevaluated_items(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);
bool check_unevaluated_properties(Evaluation& evaluation, const Rule& rule, const Place& place, Seen& seen);

}  // namespace carillon::json_schema
