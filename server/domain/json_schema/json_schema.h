// JSON Schema: compile a schema once, then judge as many values by it as you like (2020-12, and draft-07 on request).
//
// Every tool call that comes in and every downstream call that goes out is checked here, with schemas that other people
// wrote. So neither a schema nor a value can hurt: references that go round in circles end, the work of one validation
// is limited, and a `$ref` is never fetched — what is neither in the schema nor in `documents` is refused by compile().
// A violation says what to change, for a reader (often a model) who sees neither the schema nor this code.
//
// Schema is immutable and cheap to copy; any number of threads may validate with one at the same time.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon::json_schema {

enum class Draft { draft2020_12, draft7 };
enum class Formats { annotate, assert_known };  // is `format` a remark, or is a known format checked?

// Documents that a `$ref` or `$schema` may name, by absolute URI (without an empty fragment).
using Documents = std::map<std::string, json>;

struct Limits {
  std::size_t subschemas_max = 20'000;  // of a compiled schema with all that it refers to
  std::size_t depth_max = 500;          // nesting of the schema, and of one validation
  std::size_t steps_max = 2'000'000;    // subschemas applied and members looked at in one validation
  std::size_t violations_max = 50;      // reported by one validation
};

struct CompileOptions {
  Draft draft = Draft::draft2020_12;  // what a schema without `$schema` is written in
  Formats formats = Formats::annotate;
  std::shared_ptr<const Documents> documents{};
  Limits limits{};
};

struct Violation {
  std::string pointer;         // JSON pointer to the offending part of the value; "" is the whole
  std::string schema_pointer;  // URI and JSON pointer of the keyword that objects, such as "#/properties/city/type"
  std::string message;         // what to change, without the pointer: `must be a string, not a number`
  json expected = nullptr;     // what would have been accepted, where that can be said in short
};

class Program;  // the compiled form

class Schema {
 public:
  explicit Schema(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

  // Empty: the value is accepted.
  std::vector<Violation> validate(const json& instance) const;
  // The same answer without the reasons, sooner.
  bool accepts(const json& instance) const;

 private:
  std::shared_ptr<const Program> program_;
};

// Refused with `arguments_invalid` and a pointer into the schema: a keyword of the wrong type, a reference to nowhere,
// a pattern that is no regular expression, an unknown `$schema`, more than the limits allow.
Result<Schema> compile(const json& schema, const CompileOptions& options = {});

// `arguments_invalid` at the first violation, the others in `details.violations`; pointers are put behind `prefix`.
Error to_error(const std::vector<Violation>& violations, const std::string& prefix = "");

}  // namespace carillon::json_schema
