#include "server/domain/pipeline/input.h"

#include <nlohmann/json.hpp>

#include "server/domain/json_schema/defaults.h"
#include "server/domain/json_schema/json_schema.h"

namespace carillon::pipeline {

Result<json> read_input(const Pipeline& pipeline, json input, const std::string& pointer) {
  if (pipeline.inputs.is_null()) return input;
  const auto schema = json_schema::compile(pipeline.inputs);
  if (!schema) return schema.error();
  json filled = json_schema::with_defaults(pipeline.inputs, std::move(input));
  if (const auto violations = schema->validate(filled); !violations.empty())
    return json_schema::to_error(violations, pointer);
  return filled;
}

}  // namespace carillon::pipeline
