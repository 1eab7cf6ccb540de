// Completer: writes what happened to runs, in batches that grow by themselves: one flush is under way, what arrives
// meanwhile is the next one. Idle, a flush is one row and its latency one commit; busy, up to flush_max rows.
//
// A flush that fails because the database is away is repeated until it is written or fenced. One whose values the
// database refuses is cut in half until the bad row is alone; that run then fails (internal) without its values. What
// is not ours any more is told to the caller as stale, and never tried again.
//
// add_* may be called from any thread; run_once() belongs to the completer's thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "server/store/hot_path.h"
#include "server/worker/worker_options.h"

namespace carillon {

enum class Written { ours, stale };

struct SettledRun {
  RunId id;
  Written written;
  MovedRun moved{};  // of ours
};

class Completer {
 public:
  using MarkDone = std::function<void(Written)>;
  // What became of the settlements of one flush; called after its commit, from the completer's thread.
  using Settled = std::function<void(const std::vector<SettledRun>&)>;

  Completer(HotPath& path, const BatchOptions& options, Settled settled)
      : path_(path), options_(options), settled_(std::move(settled)) {}

  // `done` is called from the completer's thread after the commit.
  void add_mark(RunMark mark, MarkDone done);
  void add_settlement(Settlement settlement);

  // Writes what is waiting, at most one batch; gives how many rows. Throws DatabaseGone with everything kept.
  std::size_t run_once();
  // Waits until there is something to write; false when stopped and nothing is left.
  bool wait();
  void stop();
  std::size_t waiting() const;

 private:
  struct Mark {
    RunMark mark;
    MarkDone done;
  };
  struct Batch {
    std::vector<Mark> marks;
    std::vector<Settlement> settlements;
    bool empty() const { return marks.empty() && settlements.empty(); }
  };

  void write_marks();
  void write_settlements();
  std::vector<RunId> mark_isolating(const std::vector<RunMark>& marks);
  std::vector<MovedRun> settle_isolating(const std::vector<Settlement>& settlements);

  HotPath& path_;
  const BatchOptions options_;
  const Settled settled_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  Batch waiting_;
  Batch under_way_;  // taken off and not yet written: kept for the next try when the database goes away
  bool stopping_ = false;
};

}  // namespace carillon
