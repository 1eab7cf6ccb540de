// Schema, NUL, value: both judgements agree, in both drafts.
#include "server/base/check.h"
#include "server/domain/json_repair.h"
#include "server/domain/json_schema/json_schema.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"

namespace carillon::fuzz {
namespace {

void json_schema_of(std::string_view input) {
  const auto [first, second] = two_texts(input);
  const json schema = json::parse(first, nullptr, false);
  const json value = json::parse(second, nullptr, false);
  if (schema.is_discarded() || value.is_discarded()) return;
  for (const auto draft : {json_schema::Draft::draft2020_12, json_schema::Draft::draft7}) {
    json_schema::CompileOptions options;
    options.draft = draft;
    options.formats = json_schema::Formats::assert_known;
    options.limits.steps_max = 100'000;
    const auto compiled = json_schema::compile(schema, options);
    if (compiled) CARILLON_CHECK(compiled->accepts(value) == compiled->validate(value).empty());
  }
  const auto repaired = repair_arguments(schema, value);
  CARILLON_CHECK(repaired.warnings.empty() || repaired.arguments != value);
}

const Target kJsonSchemaTarget{"json_schema", json_schema_of};

}  // namespace
}  // namespace carillon::fuzz
