#include "server/worker/completer.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "server/base/failpoint.h"
#include "server/base/log.h"
#include "server/base/metrics.h"

namespace carillon {
namespace {

template <class Item>
void move_some(std::vector<Item>& from, std::vector<Item>& to, std::size_t most) {
  if (from.size() <= most && to.empty()) return from.swap(to);
  const auto n = static_cast<std::ptrdiff_t>(std::min(most, from.size()));
  std::move(from.begin(), from.begin() + n, std::back_inserter(to));
  from.erase(from.begin(), from.begin() + n);
}

// The end of a run whose values the database refused: the same end with nothing in it that could be refused.
Settlement without_values(const Settlement& refused) {
  Settlement end;
  end.lease = refused.lease;
  end.state = refused.state == RunState::unknown ? RunState::unknown : RunState::failed;
  end.started_at = refused.started_at;
  end.finished_at = refused.finished_at;
  end.undoes = refused.undoes;
  end.compensated = refused.compensated;
  end.error_class = refused.state == RunState::unknown ? "unknown_outcome" : "internal";
  end.error_message = "The run's result could not be stored; the log of this moment says why.";
  return end;
}

template <class Item>
std::pair<std::vector<Item>, std::vector<Item>> halves(const std::vector<Item>& items) {
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  return {{items.begin(), middle}, {middle, items.end()}};
}

template <class Item>
void append(std::vector<Item>& to, std::vector<Item> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

}  // namespace

void Completer::add_mark(RunMark mark, MarkDone done) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.marks.push_back({std::move(mark), std::move(done)});
  }
  arrived_.notify_one();
}

void Completer::add_settlement(Settlement settlement) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.settlements.push_back(std::move(settlement));
  }
  arrived_.notify_one();
}

bool Completer::wait() {
  std::unique_lock lock{mutex_};
  arrived_.wait(lock, [&] { return stopping_ || !waiting_.empty() || !under_way_.empty(); });
  return !waiting_.empty() || !under_way_.empty();
}

void Completer::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  arrived_.notify_all();
}

std::size_t Completer::waiting() const {
  const std::lock_guard lock{mutex_};
  return waiting_.marks.size() + waiting_.settlements.size() + under_way_.marks.size() + under_way_.settlements.size();
}

std::size_t Completer::run_once() {
  {
    const std::lock_guard lock{mutex_};
    const auto most = static_cast<std::size_t>(options_.flush_max);
    if (under_way_.empty()) {
      move_some(waiting_.marks, under_way_.marks, most);
      move_some(waiting_.settlements, under_way_.settlements, most);
    }
  }
  const std::size_t rows = under_way_.marks.size() + under_way_.settlements.size();
  // Start evidence first: somebody waits for it before a call can begin.
  if (!under_way_.marks.empty()) write_marks();
  if (!under_way_.settlements.empty()) write_settlements();
  return rows;
}

void Completer::write_marks() {
  std::vector<RunMark> marks;
  for (const auto& each : under_way_.marks) marks.push_back(each.mark);
  const auto ours = mark_isolating(marks);
  const std::unordered_set<RunId> still{ours.begin(), ours.end()};
  std::vector<Mark> written;
  {
    const std::lock_guard lock{mutex_};
    written.swap(under_way_.marks);
  }
  for (const auto& each : written) {
    const bool mine = still.contains(each.mark.lease.id);
    if (!mine) metrics::count("carillon_runs_stale_total", {{"at", "mark"}});
    each.done(mine ? Written::ours : Written::stale);
  }
}

std::vector<RunId> Completer::mark_isolating(const std::vector<RunMark>& marks) {
  try {
    return path_.mark(marks);
  } catch (const StatementFailed& failure) {
    if (!failure.is_data_error()) throw;
    if (marks.size() == 1) {
      log::error("what a step did could not be written; the run is given up",
                 json{{"run", marks[0].lease.id.number()}, {"problem", failure.what()}});
      return {};
    }
  }
  const auto [first, second] = halves(marks);
  auto ours = mark_isolating(first);
  append(ours, mark_isolating(second));
  return ours;
}

void Completer::write_settlements() {
  failpoint("before_complete");
  const auto started = std::chrono::steady_clock::now();
  const auto moved = settle_isolating(under_way_.settlements);
  metrics::observe("carillon_flush_rows", {}, static_cast<double>(under_way_.settlements.size()));
  metrics::observe("carillon_settle_seconds", {},
                   std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  std::unordered_map<RunId, const MovedRun*> by_id;
  by_id.reserve(moved.size());
  for (const auto& run : moved) by_id.emplace(run.id, &run);
  std::vector<Settlement> written;
  {
    const std::lock_guard lock{mutex_};
    written.swap(under_way_.settlements);
  }
  std::vector<SettledRun> settled;
  settled.reserve(written.size());
  for (const auto& each : written) {
    const auto found = by_id.find(each.lease.id);
    if (found == by_id.end())
      settled.push_back({each.lease.id, Written::stale});
    else
      settled.push_back({each.lease.id, Written::ours, *found->second});
  }
  if (settled.size() > moved.size())
    metrics::count("carillon_runs_stale_total", {{"at", "settle"}}, static_cast<double>(settled.size() - moved.size()));
  settled_(settled);
}

std::vector<MovedRun> Completer::settle_isolating(const std::vector<Settlement>& settlements) {
  try {
    return path_.settle(settlements);
  } catch (const StatementFailed& failure) {
    if (!failure.is_data_error()) throw;
    if (settlements.size() == 1) {
      log::error("the result of a run could not be stored",
                 json{{"run", settlements[0].lease.id.number()}, {"problem", failure.what()}});
      return path_.settle({without_values(settlements[0])});
    }
  }
  const auto [first, second] = halves(settlements);
  auto moved = settle_isolating(first);
  append(moved, settle_isolating(second));
  return moved;
}

}  // namespace carillon
