// PromptTemplateStore: prompt templates and all their versions. A row is written once and never changed. One method a
// query. Belongs to the transaction it was made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/domain/prompt_template.h"
#include "server/store/store.h"

namespace carillon {

struct PromptTemplateRecord {
  PromptTemplate prompt;
  int version = 1;
};

// What became of a file at its save. contended: somebody else wrote a version at the same moment; ask again.
struct PromptSaved {
  enum class Became { unchanged, written, contended };
  Became became;
  int version = 0;  // where it was written
};

class PromptTemplateStore {
 public:
  explicit PromptTemplateStore(Tx& tx) : tx_(tx) {}

  // The next version, unless the latest one is of the same text.
  PromptSaved save(const TenantId& tenant, const PromptFile& file, Instant at);
  // The latest versions of those in use, by name.
  std::vector<PromptTemplateRecord> list(const TenantId& tenant);
  // The latest version; nothing: there is none of that name, or it is retired.
  std::optional<PromptTemplateRecord> find(const TenantId& tenant, const std::string& name);

  // Of the installation: in a transaction across tenants.
  std::vector<TenantId> tenants();

 private:
  Tx& tx_;
};

}  // namespace carillon
