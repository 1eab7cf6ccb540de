#include "server/engine/prompt_templates.h"

#include <nlohmann/json.hpp>
#include <set>

#include "server/base/log.h"
#include "server/domain/nearest.h"
#include "server/engine/action_check.h"

namespace carillon {
namespace {

// Daemons that start at one moment with other texts: each round at least one of them has written.
constexpr int kRoundsMax = 20;

PromptSaved save_one(Store& store, const TenantId& tenant, const PromptFile& file, Instant at) {
  PromptSaved saved{PromptSaved::Became::contended};
  for (int round = 0; round < kRoundsMax && saved.became == PromptSaved::Became::contended; ++round)
    saved = store.in_tx(tenant, [&](Tx& tx) { return PromptTemplateStore{tx}.save(tenant, file, at); });
  return saved;
}

// Texts as they are, null as if it were not there.
PromptArguments arguments_of(const json& params) {
  PromptArguments arguments;
  for (const auto& [name, value] : params.items())
    if (!value.is_null())
      arguments[name] =
          value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
  return arguments;
}

Result<PromptTemplate> named(Tx& tx, const TenantId& tenant, const std::string& name) {
  PromptTemplateStore templates{tx};
  if (auto found = templates.find(tenant, name)) return std::move(found->prompt);
  std::vector<std::string> names;
  for (const auto& known : templates.list(tenant)) names.push_back(known.prompt.name);
  const auto close = nearest(name, names);
  Error error{ErrorCode::unknown_name,
              "there is no prompt template \"" + name.substr(0, 200) + "\"" + did_you_mean(close), "/template",
              name.substr(0, 200)};
  error.details["nearest"] = close;
  return error;
}

}  // namespace

Status PromptTemplates::check(Tx& tx, const TenantId& tenant, const Action& action) {
  for (const TemplateUse& use : template_uses(action)) {
    const auto prompt = named(tx, tenant, use.name);
    auto fits = prompt ? Status{Done{}} : Status{prompt.error()};
    if (prompt && use.params) fits = check_arguments(*prompt, arguments_of(*use.params));
    if (fits) continue;
    Error error = fits.error();
    error.pointer = use.pointer + (prompt ? "/params" : "/template");
    return error;
  }
  return Done{};
}

std::vector<std::string> PromptTemplates::save(const std::vector<PromptFile>& files) {
  std::set<std::string> changed;
  const auto tenants = store_.across_tenants([](Tx& tx) { return PromptTemplateStore{tx}.tenants(); });
  for (const auto& tenant : tenants)
    for (const auto& file : files) {
      const auto saved = save_one(store_, tenant, file, clock_.now());
      if (saved.became != PromptSaved::Became::written) continue;
      log::info("a prompt template has another version",
                {{"tenant", tenant.str()}, {"prompt", file.prompt.name}, {"version", saved.version}});
      changed.insert(file.prompt.name);
    }
  return {changed.begin(), changed.end()};
}

std::vector<PromptTemplateRecord> PromptTemplates::list(const TenantId& tenant) {
  return store_.in_tx(tenant, [&](Tx& tx) { return PromptTemplateStore{tx}.list(tenant); });
}

std::optional<PromptTemplateRecord> PromptTemplates::find(const TenantId& tenant, const std::string& name) {
  return store_.in_tx(tenant, [&](Tx& tx) { return PromptTemplateStore{tx}.find(tenant, name); });
}

Result<std::string> PromptTemplates::write(const TenantId& tenant, const std::string& name, const json& params) {
  const auto prompt = store_.in_tx(tenant, [&](Tx& tx) { return named(tx, tenant, name); });
  if (!prompt) return prompt.error();
  return write(*prompt, arguments_of(params));
}

Result<std::string> PromptTemplates::write(const PromptTemplate& prompt, const PromptArguments& arguments) {
  return fill_in(prompt, arguments, clock_.now());
}

}  // namespace carillon
