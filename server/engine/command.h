// What every command carries beside its own fields, and what everybody is told when it has been committed.
//
// A command is a struct of checked values; its function in engine.h loads, decides and saves in one transaction.
// Values and one interface; WorkerSignal's methods are called from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/base/clock.h"
#include "server/base/id.h"

namespace carillon {

inline constexpr std::size_t kClientGeneratedIdMax = 200;

// Repeating a command with the same client_generated_id returns the first answer and changes nothing; with other
// content it is refused (idempotency_mismatch). Without an id every call stands for itself.
struct CommandKey {
  std::optional<std::string> client_generated_id{};
  std::string
      content{};  // the call's arguments without the id, as compact JSON with sorted keys; only its hash is kept
  std::optional<std::string> causation_id{};  // the event or command that caused this one
};

// Told after the commit, so that a worker in the same process acts without waiting for NOTIFY or its next poll.
class WorkerSignal {
 public:
  virtual ~WorkerSignal() = default;
  virtual void runs_ready(std::int16_t shard, Instant run_at) = 0;
  virtual void run_told(RunId run, std::int16_t shard) = 0;  // a step of it that waited goes on
  virtual void cancel_requested(RunId run) = 0;              // the run is live: cancel its calls
  virtual void run_taken_away(RunId run) = 0;  // the lease is gone (force): drop it, its late result is refused
  virtual void schedule_changed(std::int16_t shard) = 0;      // schedule_state rows of the shard have other times now
  virtual void dispatch_changed(const TenantId& tenant) = 0;  // the kill switch was thrown or released
  virtual void question_answered(RunId run) = 0;              // what the run's call asked (questions.h)
};

}  // namespace carillon
