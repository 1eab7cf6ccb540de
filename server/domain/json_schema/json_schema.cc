#include "server/domain/json_schema/json_schema.h"

#include <nlohmann/json.hpp>

#include "server/domain/json_schema/compiler.h"
#include "server/domain/json_schema/evaluation.h"

namespace carillon::json_schema {

Result<Schema> compile(const json& schema, const CompileOptions& options) {
  auto program = compile_program(schema, options);
  if (!program) return program.error();
  return Schema{std::move(*program)};
}

bool Schema::accepts(const json& instance) const {
  Evaluation evaluation{*program_, nullptr};
  Seen seen;
  return evaluation.apply(0, {instance}, seen);
}

// Most values are accepted, so reasons are only collected on a second pass.
std::vector<Violation> Schema::validate(const json& instance) const {
  Evaluation quick{*program_, nullptr};
  Seen seen;
  if (quick.apply(0, {instance}, seen)) return {};
  if (quick.gave_up()) return {*quick.gave_up()};
  std::vector<Violation> violations;
  Evaluation thorough{*program_, &violations};
  thorough.apply(0, {instance}, seen);
  if (thorough.gave_up()) violations.push_back(*thorough.gave_up());
  return violations;
}

Error to_error(const std::vector<Violation>& violations, const std::string& prefix) {
  Error error{ErrorCode::arguments_invalid, "the value is not accepted"};
  if (violations.empty()) return error;
  const Violation& first = violations.front();
  error.pointer = prefix + first.pointer;
  error.message = (error.pointer.empty() ? "the value" : error.pointer) + " " + first.message;
  json all = json::array();
  for (const auto& violation : violations) {
    json row{{"pointer", prefix + violation.pointer}, {"message", violation.message}};
    if (!violation.expected.is_null()) row["expected"] = violation.expected;
    all.push_back(std::move(row));
  }
  error.details["violations"] = std::move(all);
  return error;
}

}  // namespace carillon::json_schema
