// Commands and answers about approvals: respond_to_run, the links that decide one, and what waits to be decided.
//
// Who tells a link makes its token and keeps it nowhere; here only its hash is known (SHA-256, hexadecimal). JSON:
// answers_json.h. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/domain/run_state.h"
#include "server/engine/command.h"
#include "server/store/approval_grant_store.h"
#include "server/store/approval_store.h"

namespace carillon {

// Scope approve; who may decide says the step.
struct RespondToRun {
  CommandKey key{};
  std::string run{};
  std::string step{};     // needed where several are to be decided
  bool approves = false;  // else it refuses
  std::string comment{};
  std::optional<Duration> always{};  // approves the same again for so long (standing_grants.h)
};

struct RunResponded {
  std::string run{};
  std::int64_t run_id = 0;
  std::string step{};
  std::string decision{};         // approved, rejected; open: more have to agree
  std::vector<std::string> by{};  // who agreed, or who refused
  int quorum = 1;
  std::string digest{};  // of what was decided
  Instant at{};
};

// What a run asks, for whoever decides it.
struct AskedApproval {
  std::string run{};  // handle
  RunState state = RunState::waiting;
  std::string zone{};
  Approval approval{};
};

struct AskedApprovals {
  std::vector<AskedApproval> approvals{};  // what expires first before the others
  std::int64_t total = 0;
  Instant now{};
};

// What a link leads to.
struct LinkedApproval {
  TenantId tenant;
  std::string holder{};
  std::optional<Instant> used_at{};
  AskedApproval asked{};
  Instant now{};
};

// What who opened a link has decided, and over which digest: the one that was shown.
struct DecideByLink {
  std::string sha256{};
  std::string digest{};
  bool approves = false;
  std::string comment{};
  std::string correlation_id{};
};

}  // namespace carillon
