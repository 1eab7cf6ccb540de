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
#include "server/domain/action.h"
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
  // The latest version of that name, filled in for a model; what is no text becomes JSON. Errors: unknown_name with the
  // nearest, and those of write.
  Result<std::string> write(const TenantId& tenant, const std::string& name, const json& params);
  // Whether those that the steps or the tool of an action name are there and can be filled in with what they are given;
  // what only a run fills in is not looked at. Errors: unknown_name with the nearest at the name, arguments_invalid at
  // the params.
  static Status check(Tx& tx, const TenantId& tenant, const Action& action);
  // Errors: those of fill_in (prompt_template.h).
  Result<std::string> write(const PromptTemplate& prompt, const PromptArguments& arguments);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace carillon
