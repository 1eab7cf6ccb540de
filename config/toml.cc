// The only file that knows toml++.
#include <toml++/toml.h>

#include <sstream>

#include "config/load.h"

namespace carillon {
namespace {

json to_json_value(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  json list = json::array();
  if (const auto* array = node.as_array())
    for (const auto& element : *array) list.push_back(to_json_value(element));
  return list;
}

void flatten(const toml::table& table, const std::string& prefix, FlatToml& flat) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string{key.str()};
    if (const auto* inner = node.as_table())
      flatten(*inner, name + '.', flat);
    else
      flat.values.emplace_back(name, to_json_value(node));
  }
}

}  // namespace

FlatToml read_toml(std::string_view text) {
  FlatToml flat;
  try {
    flatten(toml::parse(text), "", flat);
  } catch (const toml::parse_error& error) {
    std::ostringstream where;
    where << error.description() << " (" << error.source().begin << ")";
    flat.error = where.str();
  }
  return flat;
}

}  // namespace carillon
