// Schema questions: "does this value fit this schema?" as JSON, and its answer; for scripts and for tests that compare
// us with others.
//
// {"schema": object or boolean, "instance": any JSON, "draft"?: "2020-12" (default) or "draft7", "formats"?: "annotate"
// (default: `format` is a remark, as 2020-12 has it) or "assert", "documents"?: {URI: schema that a $ref may name}};
// members that are not named here are passed over.
//
// Pure; thread-safe.
#pragma once

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::json_schema {

// {"valid": bool, "errors": [{"pointer" into the instance, "message"} ...]}, or {"error": {"code", "message",
// "pointer"}} where the question or its schema is wrong.
json answer_schema_question(const json& question);

json refused_schema(const Error& error);

}  // namespace carillon::json_schema
