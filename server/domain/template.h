// Templates: `${expression}` inside the strings of a JSON value, filled in from what a run knows.
//
// A string that is one whole template keeps the JSON type of its value; inside longer text the value is written out
// (objects and arrays as compact JSON). `$${` is a literal `${`. Member names are never filled in, and what was filled
// in is never read for templates again: templates in data are data. A plain path that leads nowhere is an error that
// names the path and what there is instead; `${steps.x.y || 'default'}` is the way to say "optional". Behind a plain
// path to a time stands time arithmetic: `${now+24h}`, `${run.slot-1h30m}` (s m h d w; days and weeks are of the
// calendar).
//
// Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

struct TemplateOptions {
  std::string zone = "UTC";                  // whose calendar days `now+1d` counts
  std::size_t output_bytes_max = 5'000'000;  // of the rendered value: no billion laughs
  std::size_t depth_max = 200;               // nesting of the value that holds the templates
};

// `roots` is an object of what a template may name: input, params, steps, run, now, item, index, event, error, secret.
// Errors: `arguments_invalid`, the pointer leading to the string in `value` that holds the template.
Result<json> render_template(const json& value, const json& roots, const TemplateOptions& options = {});

// What can be known before a run: every template of `value` is an expression. Gives the roots they name, sorted; which
// of them exist is for the caller to say.
Result<std::vector<std::string>> check_template(const json& value, const TemplateOptions& options = {});

// Whether some string in `value` may change when it is filled in.
bool has_template(const json& value);

// Whether a run may know something by that name: input, params, steps, run, now, item, index, event, error, secret.
bool is_template_root(std::string_view name);

// A bare condition (`if`, `expect`, `match`), or one with `${…}` around the whole: gives what is inside.
std::string_view bare_expression(std::string_view text);

}  // namespace carillon
