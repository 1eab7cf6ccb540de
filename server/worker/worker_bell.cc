// A WorkerSignal that passes on to a worker that may come later.
#include <mutex>

#include "server/worker/worker.h"

namespace carillon {

struct WorkerBell::Attached {
  std::mutex mutex;
  WorkerSignal* worker = nullptr;

  template <class Ring>
  void ring(Ring&& pass_on) {
    const std::lock_guard lock{mutex};
    if (worker != nullptr) pass_on(*worker);
  }
};

WorkerBell::WorkerBell() : attached_(std::make_unique<Attached>()) {}
WorkerBell::~WorkerBell() = default;

void WorkerBell::attach(WorkerSignal* worker) {
  const std::lock_guard lock{attached_->mutex};
  attached_->worker = worker;
}

void WorkerBell::runs_ready(std::int16_t shard, Instant run_at) {
  attached_->ring([&](WorkerSignal& worker) { worker.runs_ready(shard, run_at); });
}
void WorkerBell::run_told(RunId run, std::int16_t shard) {
  attached_->ring([&](WorkerSignal& worker) { worker.run_told(run, shard); });
}
void WorkerBell::cancel_requested(RunId run) {
  attached_->ring([&](WorkerSignal& worker) { worker.cancel_requested(run); });
}
void WorkerBell::run_taken_away(RunId run) {
  attached_->ring([&](WorkerSignal& worker) { worker.run_taken_away(run); });
}
void WorkerBell::schedule_changed(std::int16_t shard) {
  attached_->ring([&](WorkerSignal& worker) { worker.schedule_changed(shard); });
}
void WorkerBell::question_answered(RunId run) {
  attached_->ring([&](WorkerSignal& worker) { worker.question_answered(run); });
}
void WorkerBell::dispatch_changed(const TenantId& tenant) {
  attached_->ring([&](WorkerSignal& worker) { worker.dispatch_changed(tenant); });
}

}  // namespace carillon
