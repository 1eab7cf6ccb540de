#include "server/domain/json_schema/defaults.h"

#include <nlohmann/json.hpp>

namespace carillon::json_schema {
namespace {

constexpr int kDepthMax = 100;

// A subschema by its keyword; nothing where there is none, or it is no object.
const json* keyword_in(const json& schema, const char* keyword) {
  const auto found = schema.find(keyword);
  return found != schema.end() && found->is_object() ? &*found : nullptr;
}

void fill(const json& schema, json& value, int depth) {
  if (depth > kDepthMax || !schema.is_object()) return;
  if (value.is_array())
    if (const json* items = keyword_in(schema, "items"))
      for (json& each : value) fill(*items, each, depth + 1);
  const json* properties = value.is_object() ? keyword_in(schema, "properties") : nullptr;
  if (properties == nullptr) return;
  for (const auto& [name, inner] : properties->items()) {
    if (!inner.is_object()) continue;
    if (!value.contains(name) && inner.contains("default")) value[name] = inner["default"];
    if (const auto found = value.find(name); found != value.end()) fill(inner, *found, depth + 1);
  }
}

}  // namespace

json with_defaults(const json& schema, json value) {
  fill(schema, value, 0);
  return value;
}

}  // namespace carillon::json_schema
