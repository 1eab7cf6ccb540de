// The keywords of both drafts as rows: what value each takes, in which draft and vocabulary it counts, what checks it.
//
// Internal to this folder. The table's order is the order of evaluation. A row without a check is there for its
// subschemas (`$defs`) or is read by a neighbour (`then`, `minContains`). Unknown keywords are no row: they are
// remarks.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "server/base/json.h"
#include "server/domain/json_schema/json_schema.h"

namespace carillon::json_schema {

class Evaluation;
struct Place;
struct Rule;
struct Seen;

// What a keyword's value must look like, and hence where subschemas hide in it.
enum class Shape {
  schema,             // {…}, true or false
  schemas,            // a non-empty array of them
  schema_or_schemas,  // draft-07 `items`
  schema_map,         // {"name": schema}
  pattern_map,        // {"regular expression": schema}
  dependencies,       // {"name": schema or ["name"]}
  names_map,          // {"name": ["name"]}
  names,              // ["name"]
  type_names,         // "string" or ["string", "null"]
  number,
  positive_number,
  count,  // an integer from 0 up
  text,
  pattern,
  flag,
  list,  // any array
  reference,
  anything,
};

// Which of the 2020-12 vocabularies a keyword belongs to: a meta-schema may leave some out.
enum Vocabulary : unsigned {
  core = 1,
  applicator = 2,
  unevaluated = 4,
  validation = 8,
  format_annotation = 16,
  format_assertion = 32,
  remarks = 64,  // meta-data and content: nothing to check
};
inline constexpr unsigned kAllVocabularies = core | applicator | unevaluated | validation | format_annotation | remarks;

enum DraftSet : unsigned { in_draft7 = 1, in_draft2020_12 = 2, in_both = 3 };

struct Keyword {
  std::string_view name;
  Shape shape;
  unsigned drafts;
  unsigned vocabulary;
  bool (*check)(Evaluation&, const Rule&, const Place&, Seen&);
};

struct Dialect {
  Draft draft = Draft::draft2020_12;
  unsigned vocabularies = kAllVocabularies;
};

std::span<const Keyword> all_keywords();
bool counts_in(const Keyword& keyword, const Dialect& dialect);
const Keyword* find_keyword(std::string_view name, const Dialect& dialect);

// One subschema inside a keyword's value; the suffix is the JSON pointer from the value to it ("" is the value itself).
struct Subschema {
  const json* schema;
  std::string name;  // of the property or pattern, "" in arrays
  std::string suffix;
};
std::vector<Subschema> subschemas_of(const Keyword& keyword, const json& value);

// Why `value` cannot stand for the keyword, as a sentence; empty when it can.
std::string shape_fault(const Keyword& keyword, const json& value);

// `~` and `/` written as a JSON pointer needs them.
std::string pointer_token(std::string_view name);

}  // namespace carillon::json_schema
