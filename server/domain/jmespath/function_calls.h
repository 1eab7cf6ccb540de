// What each function does; functions.cc gives them names and checks their arguments first.
//
// Internal to this folder.
#pragma once

#include "server/domain/jmespath/functions.h"

namespace carillon::jmespath {

const json* call_abs(Evaluator& evaluator, const Call& call);
const json* call_avg(Evaluator& evaluator, const Call& call);
const json* call_ceil(Evaluator& evaluator, const Call& call);
const json* call_contains(Evaluator& evaluator, const Call& call);
const json* call_ends_with(Evaluator& evaluator, const Call& call);
const json* call_floor(Evaluator& evaluator, const Call& call);
const json* call_join(Evaluator& evaluator, const Call& call);
const json* call_keys(Evaluator& evaluator, const Call& call);
const json* call_length(Evaluator& evaluator, const Call& call);
const json* call_map(Evaluator& evaluator, const Call& call);
const json* call_max(Evaluator& evaluator, const Call& call);
const json* call_max_by(Evaluator& evaluator, const Call& call);
const json* call_merge(Evaluator& evaluator, const Call& call);
const json* call_min(Evaluator& evaluator, const Call& call);
const json* call_min_by(Evaluator& evaluator, const Call& call);
const json* call_not_null(Evaluator& evaluator, const Call& call);
const json* call_reverse(Evaluator& evaluator, const Call& call);
const json* call_sort(Evaluator& evaluator, const Call& call);
const json* call_sort_by(Evaluator& evaluator, const Call& call);
const json* call_starts_with(Evaluator& evaluator, const Call& call);
const json* call_sum(Evaluator& evaluator, const Call& call);
const json* call_to_array(Evaluator& evaluator, const Call& call);
const json* call_to_number(Evaluator& evaluator, const Call& call);
const json* call_to_string(Evaluator& evaluator, const Call& call);
const json* call_type(Evaluator& evaluator, const Call& call);
const json* call_values(Evaluator& evaluator, const Call& call);

// time_functions.cc
const json* call_date(Evaluator& evaluator, const Call& call);
const json* call_format_time(Evaluator& evaluator, const Call& call);
const json* call_parse_time(Evaluator& evaluator, const Call& call);
const json* call_to_unix(Evaluator& evaluator, const Call& call);

}  // namespace carillon::jmespath
