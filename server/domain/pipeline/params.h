// Templates of pipelines: a definition with `params`, the JSON Schema of values that are put in once, when a pipeline
// is made of it. Expressions of its steps name them as `params.x`, wherever `params` begins a path.
//
// A value that is put in is data: templates in it are never read. An expression that names params alone becomes its
// value; in any other the params become literals. Pure; thread-safe.
#pragma once

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::pipeline {

// The definition without `params`. Errors: arguments_invalid below /params, for a value that is missing, unknown or
// unfit, and at /steps/… where an expression makes nothing of the values.
Result<json> with_params(const json& definition, const json& values);

}  // namespace carillon::pipeline
