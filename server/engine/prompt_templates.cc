#include "server/engine/prompt_templates.h"

#include <set>

#include "server/base/log.h"

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

}  // namespace

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

Result<std::string> PromptTemplates::write(const PromptTemplate& prompt, const PromptArguments& arguments) {
  return fill_in(prompt, arguments, clock_.now());
}

}  // namespace carillon
