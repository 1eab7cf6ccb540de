#include "server/store/prompt_template_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "server/store/column.h"
#include "server/store/sql.h"

namespace carillon {
namespace {

json to_json(const std::vector<PromptParameter>& parameters) {
  json list = json::array();
  for (const auto& [name, description, need] : parameters)
    list.push_back({{"name", name}, {"description", description}, {"required", need == ParameterNeed::required}});
  return list;
}

std::vector<PromptParameter> parameters_from(const json& list) {
  std::vector<PromptParameter> parameters;
  for (const auto& each : list)
    parameters.push_back({each.at("name"), each.at("description"),
                          each.at("required") ? ParameterNeed::required : ParameterNeed::optional});
  return parameters;
}

std::vector<PromptTemplateRecord> read(const pqxx::result& rows) {
  std::vector<PromptTemplateRecord> records;
  for (const auto& row : rows)
    records.push_back({{.name = column<std::string>(row["name"]),
                        .description = column<std::string>(row["description"]),
                        .parameters = parameters_from(json::parse(column<Bytes>(row["parameters"]).data)),
                        .body = column<std::string>(row["template_body"])},
                       column<int>(row["version"])});
  return records;
}

}  // namespace

PromptSaved PromptTemplateStore::save(const TenantId& tenant, const PromptFile& file, Instant at) {
  const auto& [prompt, text] = file;
  const pqxx::row row = tx_.exec(sql::save_prompt_template, tenant, prompt.name, prompt.description, prompt.body,
                                 Bytes{to_json(prompt.parameters).dump()},
                                 prompt.standing == PromptTemplate::Standing::retired, Bytes{text}, at)
                            .at(0);
  if (const auto version = column<std::optional<int>>(row["version"])) return {PromptSaved::Became::written, *version};
  return {column<bool>(row["same"]) ? PromptSaved::Became::unchanged : PromptSaved::Became::contended};
}

std::vector<PromptTemplateRecord> PromptTemplateStore::list(const TenantId& tenant) {
  return read(tx_.exec(sql::list_prompt_templates, tenant, std::nullopt));
}

std::optional<PromptTemplateRecord> PromptTemplateStore::find(const TenantId& tenant, const std::string& name) {
  auto found = read(tx_.exec(sql::list_prompt_templates, tenant, name));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<TenantId> PromptTemplateStore::tenants() {
  std::vector<TenantId> tenants;
  for (const auto& row : tx_.exec(sql::list_tenants)) tenants.push_back(column<TenantId>(row["tenant_id"]));
  return tenants;
}

}  // namespace carillon
