#include "server/domain/json_repair.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

namespace carillon {
namespace {

constexpr int kRepairDepthMax = 64;
constexpr int kReferencesMax = 8;
constexpr std::array<std::string_view, 7> kWrapperNames{"arguments", "args",   "input",     "inputs",
                                                        "params",    "kwargs", "parameters"};

using Types = std::set<std::string>;

// Beyond 2^53 a double does not say which integer was meant.
bool is_whole(double number) { return std::trunc(number) == number && std::abs(number) <= 9007199254740992.0; }

bool has_type(const json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer() || (value.is_number_float() && is_whole(value.get<double>()));
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

bool fits(const json& value, const Types& types) {
  return types.empty() ||
         std::any_of(types.begin(), types.end(), [&](const auto& type) { return has_type(value, type); });
}

std::string named(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_boolean()) return "a boolean";
  return value.is_null() ? "null" : "a number";
}

class Repair {
 public:
  explicit Repair(const json& root_schema) : root_schema_(root_schema) {}

  RepairedArguments run(json arguments) {
    if (arguments.is_null()) arguments = json::object();
    read_text_as_json(arguments, {"object"}, "");
    unwrap(arguments);
    repair(root_schema_, arguments, "", 0);
    return {std::move(arguments), std::move(warnings_)};
  }

 private:
  // A schema that is only a reference into this schema is that one.
  const json& resolved(const json& schema) const {
    const json* at = &schema;
    for (int hops = 0; hops < kReferencesMax && at->is_object() && at->contains("$ref"); ++hops) {
      const json& reference = (*at)["$ref"];
      if (!reference.is_string() || !reference.get_ref<const std::string&>().starts_with("#/")) break;
      const json* target = member_at(reference.get_ref<const std::string&>().substr(1));
      if (target == nullptr) break;
      at = target;
    }
    return *at;
  }

  const json* member_at(std::string_view pointer) const {
    const json* at = &root_schema_;
    while (!pointer.empty() && at != nullptr) {
      pointer.remove_prefix(1);
      const auto slash = pointer.find('/');
      at = member(*at, std::string{pointer.substr(0, slash)});
      pointer = slash == std::string_view::npos ? std::string_view{} : pointer.substr(slash);
    }
    return at;
  }

  static const json* member(const json& object, const std::string& name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  }

  // The types a schema asks for; empty when it does not say.
  Types types_of(const json& schema, int depth) const {
    Types types;
    if (const json* type = member(schema, "type")) {
      for (const auto& each : type->is_array() ? *type : json::array({*type})) {
        if (each.is_string()) types.insert(each.get<std::string>());
      }
      return types;
    }
    for (const auto& branch : branches_of(schema)) {
      if (depth >= kReferencesMax) return {};
      const Types more = types_of(resolved(*branch), depth + 1);
      if (more.empty()) return {};
      types.insert(more.begin(), more.end());
    }
    return types;
  }

  static std::vector<const json*> branches_of(const json& schema) {
    std::vector<const json*> branches;
    for (const char* keyword : {"anyOf", "oneOf"}) {
      const json* list = member(schema, keyword);
      if (list == nullptr || !list->is_array()) continue;
      for (const auto& branch : *list) branches.push_back(&branch);
    }
    return branches;
  }

  void warn(const std::string& pointer, const std::string& what) {
    warnings_.push_back((pointer.empty() ? "the arguments" : pointer) + " " + what);
  }

  // Without quoting the text: it may be a secret.
  void read_text_as_json(json& value, const Types& types, const std::string& pointer) {
    if (!value.is_string() || fits(value, types)) return;
    json parsed = json::parse(lower_case_literal(value.get_ref<const std::string&>()), nullptr, false);
    if (parsed.is_discarded() || !fits(parsed, types)) return;
    if (parsed.is_number_float() && !types.contains("number")) parsed = parsed.get<std::int64_t>();
    warn(pointer, "came as a string and was read as " + named(parsed) + ": send it without quotes");
    value = std::move(parsed);
  }

  // Python's spelling of the JSON literals.
  static std::string lower_case_literal(const std::string& text) {
    if (text == "True" || text == "TRUE") return "true";
    if (text == "False" || text == "FALSE") return "false";
    return text == "None" ? "null" : text;
  }

  // {"arguments": {…}} for {…}, when nothing called so is asked for.
  void unwrap(json& arguments) {
    if (!arguments.is_object() || arguments.size() != 1) return;
    const json* properties = member(resolved(root_schema_), "properties");
    const std::string name = arguments.begin().key();
    if (properties == nullptr || properties->contains(name)) return;
    json parsed;
    json* inner = &arguments.begin().value();
    if (inner->is_string()) {
      parsed = json::parse(inner->get_ref<const std::string&>(), nullptr, false);
      inner = &parsed;
    }
    if (!inner->is_object()) return;
    const bool is_wrapper = std::find(kWrapperNames.begin(), kWrapperNames.end(), name) != kWrapperNames.end();
    bool all_known = !inner->empty();
    for (auto each = inner->begin(); each != inner->end(); ++each) all_known &= properties->contains(each.key());
    if (!is_wrapper && !all_known) return;
    warn("/" + name, "was unpacked: send its members themselves as the arguments");
    json unpacked = std::move(*inner);
    arguments = std::move(unpacked);
  }

  void repair(const json& unresolved, json& value, const std::string& pointer, int depth) {
    if (depth >= kRepairDepthMax) return;
    const json& schema = resolved(unresolved);
    read_text_as_json(value, types_of(schema, 0), pointer);
    if (!value.is_structured()) return;
    for (const json* branch : branches_of(schema)) {
      const Types types = types_of(resolved(*branch), 0);
      if (types.empty() || !fits(value, types)) continue;
      repair(*branch, value, pointer, depth + 1);
      break;
    }
    if (value.is_object()) repair_members(schema, value, pointer, depth);
    if (value.is_array()) repair_items(schema, value, pointer, depth);
  }

  void repair_members(const json& schema, json& object, const std::string& pointer, int depth) {
    const json* properties = member(schema, "properties");
    const json* rest = member(schema, "additionalProperties");
    for (auto each = object.begin(); each != object.end(); ++each) {
      const json* known = properties == nullptr ? nullptr : member(*properties, each.key());
      const json* applies = known == nullptr ? rest : known;
      if (applies != nullptr) repair(*applies, each.value(), pointer + "/" + token(each.key()), depth + 1);
    }
  }

  void repair_items(const json& schema, json& array, const std::string& pointer, int depth) {
    const json* items = member(schema, "items");
    if (items == nullptr) return;
    for (std::size_t i = 0; i < array.size(); ++i)
      repair(*items, array[i], pointer + "/" + std::to_string(i), depth + 1);
  }

  static std::string token(const std::string& name) {
    std::string out;
    for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
    return out;
  }

  const json& root_schema_;
  std::vector<std::string> warnings_;
};

}  // namespace

RepairedArguments repair_arguments(const json& input_schema, json arguments) {
  return Repair{input_schema}.run(std::move(arguments));
}

}  // namespace carillon
