#include "catalog/tool_list.h"

#include <algorithm>

#include "server/domain/nearest.h"

namespace carillon::catalog {
namespace {

std::optional<json_schema::Schema> compile(const ordered_json& schema) {
  if (!schema.is_object()) return std::nullopt;
  json_schema::CompileOptions options;
  // Judged on the thread that serves all servers: a schema that needs more work than this is left to its server.
  options.limits.steps_max = 200'000;
  auto compiled = json_schema::compile(json(schema), options);
  if (!compiled.ok()) return std::nullopt;
  return *std::move(compiled);
}

std::optional<Error> refuse(const std::optional<json_schema::Schema>& schema, const json& value, const char* prefix) {
  if (!schema || schema->accepts(value)) return std::nullopt;
  return json_schema::to_error(schema->validate(value), prefix);
}

}  // namespace

Effect effect_of(const ToolPolicy& policy, const transport::ListedTool& listed) {
  if (policy.effect) return *policy.effect;
  if (listed.read_only == true) return Effect::read;
  return listed.idempotent == true ? Effect::idempotent : Effect::destructive;
}

CatalogTool::CatalogTool(const ServerEntry& entry, transport::ListedTool listed)
    : name_(listed.name),
      policy_(entry.policy(listed.name)),
      header_params_(std::move(listed.header_params)),
      needs_task_(listed.needs_task) {
  facts_.tool = entry.name + "." + listed.name;
  facts_.title = listed.title;
  facts_.description = listed.description;
  facts_.effect = effect_of(policy_, listed);
  facts_.timeout = policy_.timeout ? policy_.timeout : entry.timeout;
  facts_.scopes = policy_.scopes;
  facts_.cost = policy_.cost;
  facts_.input_schema = std::move(listed.input_schema);
  facts_.output_schema = std::move(listed.output_schema);
  facts_.sensitive = policy_.sensitive;
}

std::optional<Error> CatalogTool::refuse_arguments(const json& arguments) const {
  return refuse(compiled().input, arguments, "");
}

std::optional<Error> CatalogTool::refuse_output(const json& structured) const {
  return refuse(compiled().output, structured, "");
}

const CatalogTool::Compiled& CatalogTool::compiled() const {
  std::call_once(once_, [this] { compiled_ = {compile(facts_.input_schema), compile(facts_.output_schema)}; });
  return compiled_;
}

ToolList::ToolList(const ServerEntry& entry, std::vector<transport::ListedTool> listed) {
  for (auto& tool : listed) {
    const bool again = find(tool.name) != nullptr;  // the first of two with one name wins
    if (!again) tools_.push_back(std::make_shared<CatalogTool>(entry, std::move(tool)));
  }
}

std::shared_ptr<const CatalogTool> ToolList::find(std::string_view tool) const {
  const auto found = std::find_if(tools_.begin(), tools_.end(), [&](const auto& each) { return each->name() == tool; });
  return found == tools_.end() ? nullptr : *found;
}

std::vector<std::string> ToolList::nearest_to(std::string_view tool) const {
  std::vector<std::string> names;
  for (const auto& each : tools_) names.push_back(each->name());
  return nearest(tool, names);
}

}  // namespace carillon::catalog
