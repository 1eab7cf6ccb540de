// PromptTemplates: the prompt templates of a tenant, and how files become their versions.
//
// A file is compared by its text: the same again writes nothing, another one is the next version. A template whose
// file is gone stays, because daemons on other machines may have it; a file that says `retired: true` ends it (ADR
// 0036).
//
// Thread-safe: holds no state; saving in two processes is harmless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/domain/caller.h"
#include "server/store/prompt_template_store.h"

namespace carillon {

class PromptTemplates {
 public:
  PromptTemplates(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // For every tenant of the installation. The names of those that got another version, once each.
  std::vector<std::string> save(const std::vector<PromptFile>& files);

  std::vector<PromptTemplateRecord> list(const TenantId& tenant);
  // The latest version; nothing: there is none of that name in use.
  std::optional<PromptTemplateRecord> find(const TenantId& tenant, const std::string& name);
  // Errors: those of fill_in (prompt_template.h).
  Result<std::string> write(const PromptTemplate& prompt, const PromptArguments& arguments);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace carillon
