// OutageStore: times in which nobody watched the schedules (VigilRows writes them), what became of a tenant's slots in
// them, and the deliveries that wait for each other because of one. Belongs to the transaction it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/store/letter_store.h"
#include "server/store/store.h"

namespace carillon {

struct OutageRecord {
  Instant began, ended;
  std::string kind;  // start, sleep, stop, step, other
};

// What became of the slots of one task.
struct OutageTask {
  std::string task;
  std::string zone;
  std::int64_t ran = 0;  // or run now
  std::int64_t missed = 0;
  std::int64_t waiting = 0;
  std::optional<Instant> started_at{};  // the last of those that ran
  std::optional<Duration> late{};       // by how much the latest of them was
  std::string reason{};                 // why one waits
};

struct OutageTasks {
  std::vector<OutageTask> tasks{};  // by name
  std::int64_t total = 0;
};

class OutageStore {
 public:
  explicit OutageStore(Tx& tx) : tx_(tx) {}

  // Those whose ends were still gathered after `since`, the newest first.
  std::vector<OutageRecord> gathered_since(Instant since, int limit);
  OutageTasks tasks(const TenantId& tenant, const OutageRecord& outage, int limit);
  // That all runs of a letter belong to.
  std::optional<OutageRecord> of_letter(const LetterKey& letter);
  // Deliveries of outages that ended before `ended` are due where nothing more is to come; gives how many. In a
  // transaction across tenants.
  std::int64_t release_gathered(Instant now, Instant ended);

 private:
  Tx& tx_;
};

}  // namespace carillon
