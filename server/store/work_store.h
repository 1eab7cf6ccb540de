// WorkStore: what steps ask agents to do, who has claimed it, and how it ended. Belongs to the transaction it was made
// with.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/domain/work.h"
#include "server/store/store.h"

namespace carillon {

struct WorkKey {
  RunId run{0};
  std::string path;
  int attempt = 1;
};

struct WorkItem {
  WorkKey key;
  std::string agent{};  // empty: whoever takes it
  std::string prompt{};
  json data = json::object();
  std::string expect{};
  Instant expires_at = Instant::max();
  Instant asked_at{};
  std::optional<Claim> claim{};  // it may have ended
};

// For whom or what runs wait. Agents: those whose work counts, empty text for what anybody may take.
struct Awaited {
  std::optional<std::vector<std::string>> agents{std::vector<std::string>{}};    // nothing: any
  std::optional<std::vector<std::string>> deciders{std::vector<std::string>{}};  // of approvals; nothing: any
  bool events = false;
  std::optional<std::string> claimant{};  // work that others have claimed does not count
};

class WorkStore {
 public:
  explicit WorkStore(Tx& tx) : tx_(tx) {}

  void insert(const TenantId& tenant, const WorkItem& item);
  // What the run waits for, by step.
  std::vector<WorkItem> open(const TenantId& tenant, RunId run);
  // The same, held until the transaction ends.
  std::vector<WorkItem> hold(const TenantId& tenant, RunId run);
  // Nothing: it is nobody's.
  void set_claim(const TenantId& tenant, const WorkKey& key, const std::optional<Claim>& claim);
  // outcome: answered (by whom), expired, withdrawn. False: it had ended before.
  struct End {
    std::string outcome;
    Instant at{};
    std::optional<std::string> by{};
  };
  bool end(const TenantId& tenant, const WorkKey& key, const End& end);

  // The newest first.
  std::vector<RunId> awaiting(const TenantId& tenant, const Awaited& awaited, Instant now);

 private:
  Tx& tx_;
};

}  // namespace carillon
