#include "server/domain/caller.h"

namespace carillon {

std::optional<Scope> scope_named(std::string_view name) {
  for (std::size_t i = 0; i < kScopeNames.size(); ++i)
    if (kScopeNames[i] == name) return static_cast<Scope>(i);
  return std::nullopt;
}

Scopes scopes_named(const std::vector<std::string>& names) {
  Scopes scopes;
  for (const auto& name : names)
    if (const auto scope = scope_named(name)) scopes.add(*scope);
  return scopes;
}

std::vector<std::string> Scopes::names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kScopeNames.size(); ++i)
    if (has(static_cast<Scope>(i))) names.emplace_back(kScopeNames[i]);
  return names;
}

CallerKind caller_kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kCallerKindNames.size(); ++i)
    if (kCallerKindNames[i] == name) return static_cast<CallerKind>(i);
  return CallerKind::agent;
}

}  // namespace carillon
