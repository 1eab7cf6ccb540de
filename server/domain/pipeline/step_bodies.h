// What each kind of step is given: which members its body has, and what may stand in them. A table; the reader of
// pipelines asks it. Internal to this folder. Pure; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/pipeline/pipeline.h"

namespace carillon::pipeline {

// The members that a step of this kind has beside those that every step has.
std::span<const std::string_view> own_members(StepKind kind);

// Checks the body of a step that is no container, and gives it as Step::body keeps it. Errors: arguments_invalid below
// `pointer`, which leads to the step.
Result<json> read_body(StepKind kind, const json& step, const std::string& pointer);

bool is_step_name(std::string_view name);  // [A-Za-z_][A-Za-z0-9_]*, at most 100 characters

}  // namespace carillon::pipeline
