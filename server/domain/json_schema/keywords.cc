#include "server/domain/json_schema/keywords.h"

#include <nlohmann/json.hpp>

#include "server/domain/json_schema/checks.h"

namespace carillon::json_schema {
namespace {

constexpr Keyword kKeywords[] = {
    // name                value                      drafts           vocabulary   check
    {"$ref", Shape::reference, in_both, core, check_ref},
    {"$dynamicRef", Shape::reference, in_draft2020_12, core, check_dynamic_ref},
    {"$defs", Shape::schema_map, in_both, core, nullptr},
    {"definitions", Shape::schema_map, in_both, core, nullptr},
    {"$id", Shape::text, in_both, core, nullptr},
    {"$anchor", Shape::text, in_draft2020_12, core, nullptr},
    {"$dynamicAnchor", Shape::text, in_draft2020_12, core, nullptr},
    {"type", Shape::type_names, in_both, validation, check_type},
    {"enum", Shape::list, in_both, validation, check_enum},
    {"const", Shape::anything, in_both, validation, check_const},
    {"required", Shape::names, in_both, validation, check_required},
    {"minimum", Shape::number, in_both, validation, check_minimum},
    {"maximum", Shape::number, in_both, validation, check_maximum},
    {"exclusiveMinimum", Shape::number, in_both, validation, check_exclusive_minimum},
    {"exclusiveMaximum", Shape::number, in_both, validation, check_exclusive_maximum},
    {"multipleOf", Shape::positive_number, in_both, validation, check_multiple_of},
    {"minLength", Shape::count, in_both, validation, check_min_length},
    {"maxLength", Shape::count, in_both, validation, check_max_length},
    {"pattern", Shape::pattern, in_both, validation, check_pattern},
    {"format", Shape::text, in_both, format_assertion, check_format},
    {"minItems", Shape::count, in_both, validation, check_min_items},
    {"maxItems", Shape::count, in_both, validation, check_max_items},
    {"uniqueItems", Shape::flag, in_both, validation, check_unique_items},
    {"minProperties", Shape::count, in_both, validation, check_min_properties},
    {"maxProperties", Shape::count, in_both, validation, check_max_properties},
    {"dependentRequired", Shape::names_map, in_draft2020_12, validation, check_dependent_required},
    {"minContains", Shape::count, in_draft2020_12, validation, nullptr},
    {"maxContains", Shape::count, in_draft2020_12, validation, nullptr},
    {"properties", Shape::schema_map, in_both, applicator, check_properties},
    {"patternProperties", Shape::pattern_map, in_both, applicator, check_pattern_properties},
    {"additionalProperties", Shape::schema, in_both, applicator, check_additional_properties},
    {"propertyNames", Shape::schema, in_both, applicator, check_property_names},
    {"dependencies", Shape::dependencies, in_both, applicator, check_dependencies},
    {"dependentSchemas", Shape::schema_map, in_draft2020_12, applicator, check_dependent_schemas},
    {"prefixItems", Shape::schemas, in_draft2020_12, applicator, check_prefix_items},
    {"items", Shape::schema, in_draft2020_12, applicator, check_items},
    {"items", Shape::schema_or_schemas, in_draft7, applicator, check_items_of_draft7},
    {"additionalItems", Shape::schema, in_draft7, applicator, check_additional_items},
    {"contains", Shape::schema, in_both, applicator, check_contains},
    {"allOf", Shape::schemas, in_both, applicator, check_all_of},
    {"anyOf", Shape::schemas, in_both, applicator, check_any_of},
    {"oneOf", Shape::schemas, in_both, applicator, check_one_of},
    {"not", Shape::schema, in_both, applicator, check_not},
    {"if", Shape::schema, in_both, applicator, check_if},
    {"then", Shape::schema, in_both, applicator, nullptr},
    {"else", Shape::schema, in_both, applicator, nullptr},
    {"unevaluatedItems", Shape::schema, in_draft2020_12, unevaluated, check_unevaluated_items},
    {"unevaluatedProperties", Shape::schema, in_draft2020_12, unevaluated, check_unevaluated_properties},
};

bool is_schema(const json& value) { return value.is_object() || value.is_boolean(); }

bool is_names(const json& value) {
  if (!value.is_array()) return false;
  for (const auto& name : value) {
    if (!name.is_string()) return false;
  }
  return true;
}

bool is_type_name(const json& value) {
  for (const char* name : {"null", "boolean", "object", "array", "number", "string", "integer"}) {
    if (value == name) return true;
  }
  return false;
}

bool is_count(const json& value) {
  if (value.is_number_unsigned()) return true;
  if (value.is_number_integer()) return value.get<std::int64_t>() >= 0;
  return value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 1e15 &&
         value.get<double>() == static_cast<double>(static_cast<std::int64_t>(value.get<double>()));
}

template <class Fits>
bool all_values(const json& value, Fits fits) {
  for (const auto& each : value) {
    if (!fits(each)) return false;
  }
  return true;
}

bool fits_shape(Shape shape, const json& value) {
  const auto names_or_schema = [](const json& each) { return is_schema(each) || is_names(each); };
  switch (shape) {
    case Shape::schema:
      return is_schema(value);
    case Shape::schemas:
      return value.is_array() && !value.empty() && all_values(value, is_schema);
    case Shape::schema_or_schemas:
      return is_schema(value) || (value.is_array() && all_values(value, is_schema));
    case Shape::schema_map:
    case Shape::pattern_map:
      return value.is_object() && all_values(value, is_schema);
    case Shape::dependencies:
      return value.is_object() && all_values(value, names_or_schema);
    case Shape::names_map:
      return value.is_object() && all_values(value, is_names);
    case Shape::names:
      return is_names(value);
    case Shape::type_names:
      return is_type_name(value) || (value.is_array() && !value.empty() && all_values(value, is_type_name));
    case Shape::number:
      return value.is_number();
    case Shape::positive_number:
      return value.is_number() && value > 0;
    case Shape::count:
      return is_count(value);
    case Shape::text:
    case Shape::pattern:
    case Shape::reference:
      return value.is_string();
    case Shape::flag:
      return value.is_boolean();
    case Shape::list:
      return value.is_array();
    case Shape::anything:
      return true;
  }
  return false;
}

std::string_view shape_in_words(Shape shape) {
  switch (shape) {
    case Shape::schema:
      return "a schema: an object, true or false";
    case Shape::schemas:
      return "an array of at least one schema";
    case Shape::schema_or_schemas:
      return "a schema or an array of schemas";
    case Shape::schema_map:
      return "an object whose members are schemas";
    case Shape::pattern_map:
      return "an object from regular expressions to schemas";
    case Shape::dependencies:
      return "an object whose members are schemas or arrays of names";
    case Shape::names_map:
      return "an object whose members are arrays of names";
    case Shape::names:
      return "an array of names";
    case Shape::type_names:
      return "one of null, boolean, object, array, number, string, integer, or an array of these";
    case Shape::number:
      return "a number";
    case Shape::positive_number:
      return "a number above 0";
    case Shape::count:
      return "an integer from 0 up";
    case Shape::text:
      return "a string";
    case Shape::pattern:
      return "a regular expression";
    case Shape::reference:
      return "a URI reference";
    case Shape::flag:
      return "true or false";
    case Shape::list:
      return "an array";
    case Shape::anything:
      return "any value";
  }
  return {};
}

}  // namespace

std::span<const Keyword> all_keywords() { return kKeywords; }

bool counts_in(const Keyword& keyword, const Dialect& dialect) {
  const unsigned draft = dialect.draft == Draft::draft7 ? in_draft7 : in_draft2020_12;
  return (keyword.drafts & draft) != 0 && (keyword.vocabulary & (dialect.vocabularies | core)) != 0;
}

const Keyword* find_keyword(std::string_view name, const Dialect& dialect) {
  for (const auto& keyword : kKeywords) {
    if (keyword.name == name && counts_in(keyword, dialect)) return &keyword;
  }
  return nullptr;
}

std::vector<Subschema> subschemas_of(const Keyword& keyword, const json& value) {
  std::vector<Subschema> out;
  switch (keyword.shape) {
    case Shape::schema:
      out.push_back({&value, "", ""});
      break;
    case Shape::schemas:
    case Shape::schema_or_schemas:
      if (!value.is_array()) {
        out.push_back({&value, "", ""});
        break;
      }
      for (std::size_t i = 0; i < value.size(); ++i) out.push_back({&value[i], "", "/" + std::to_string(i)});
      break;
    case Shape::schema_map:
    case Shape::pattern_map:
    case Shape::dependencies:
      if (!value.is_object()) break;
      for (const auto& [name, schema] : value.items()) {
        if (keyword.shape != Shape::dependencies || !schema.is_array()) {
          out.push_back({&schema, name, "/" + pointer_token(name)});
        }
      }
      break;
    default:
      break;
  }
  return out;
}

std::string shape_fault(const Keyword& keyword, const json& value) {
  if (fits_shape(keyword.shape, value)) return {};
  return "must be " + std::string{shape_in_words(keyword.shape)};
}

std::string pointer_token(std::string_view name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

}  // namespace carillon::json_schema
