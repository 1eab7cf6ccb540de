// Caller: on whose behalf something is done. Made at the edge from a verified credential, never from an argument
// (product promise 8); every command and query takes one. A value; thread-safe as such.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/id.h"

namespace carillon {

enum class Scope { read, schedule, run, pipelines, approve, state, events, tools, admin };

inline constexpr auto kScopeNames = std::to_array<std::string_view>(
    {"read", "schedule", "run", "pipelines", "approve", "state", "events", "tools", "admin"});

constexpr std::string_view name_of(Scope scope) { return kScopeNames[static_cast<std::size_t>(scope)]; }
std::optional<Scope> scope_named(std::string_view name);

class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) bits_ |= bit(scope);
  }
  static constexpr Scopes all() {
    Scopes scopes;
    scopes.bits_ = (1U << kScopeNames.size()) - 1;
    return scopes;
  }
  constexpr bool has(Scope scope) const { return (bits_ & bit(scope)) != 0; }
  constexpr void add(Scope scope) { bits_ |= bit(scope); }
  constexpr bool empty() const { return bits_ == 0; }
  // Those of ours that `held` has not.
  constexpr Scopes missing_from(const Scopes& held) const {
    Scopes missing;
    missing.bits_ = bits_ & ~held.bits_;
    return missing;
  }
  std::vector<std::string> names() const;
  friend constexpr bool operator==(const Scopes&, const Scopes&) = default;

 private:
  static constexpr std::uint32_t bit(Scope scope) { return 1U << static_cast<unsigned>(scope); }
  std::uint32_t bits_ = 0;
};

// Names that nobody knows grant nothing.
Scopes scopes_named(const std::vector<std::string>& names);

// What stands behind a name. A model is not a person, whoever started it; a service is a part of ourselves, or a
// machine that only tells us something.
enum class CallerKind { person, agent, service };

inline constexpr auto kCallerKindNames = std::to_array<std::string_view>({"person", "agent", "service"});

constexpr std::string_view name_of(CallerKind kind) { return kCallerKindNames[static_cast<std::size_t>(kind)]; }
// Of a name that nobody knows: agent, who may least.
CallerKind caller_kind_named(std::string_view name);

struct Caller {
  TenantId tenant;
  AgentId agent;
  Scopes scopes;
  std::string correlation_id;  // W3C trace id of the request, or one that we made; never empty
  std::string zone;            // IANA zone of the caller's host when it told us, else empty
  CallerKind kind = CallerKind::agent;
};

}  // namespace carillon
