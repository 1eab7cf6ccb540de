#include "server/worker/worker.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/domain/schedule/zone.h"
#include "server/worker/claimer.h"
#include "server/worker/clock_watch.h"
#include "server/worker/completer.h"
#include "server/worker/executor.h"
#include "server/worker/keeper.h"
#include "server/worker/looker.h"
#include "server/worker/loop.h"
#include "server/worker/messenger.h"
#include "server/worker/schedule_tick.h"

namespace carillon {
namespace {

constexpr Duration kKeeperRest = std::chrono::milliseconds{250};
constexpr Duration kHouseRound = std::chrono::seconds{1};
constexpr Duration kLookerRest = std::chrono::milliseconds{100};
constexpr Duration kDatabaseWellFor = std::chrono::seconds{5};

HotPathOptions named(HotPathOptions options, const char* name) {
  options.application = name;
  return options;
}

// Something that is due every now and then, on the clock of this machine.
class Every {
 public:
  explicit Every(Duration period) : period_(period) {}
  bool due() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + period_;
    return true;
  }
  void now() { next_ = {}; }

 private:
  const Duration period_;
  Monotonic next_{};
};

}  // namespace

struct Worker::Inside {
  Inside(WorkerParts given, const WorkerOptions& limits);

  void keep();
  void claim();
  void schedule();
  void look();
  void keep_house();
  void watch_time();
  void settled(const std::vector<SettledRun>& flush);
  void ended(RunId run);
  void rests(const RunPtr& run, Instant wake_at);
  void told(RunId run, std::int16_t shard);
  void note_idle();
  void hand_back();
  void wait_until_idle(Duration longest);
  bool owns(std::int16_t shard) const {
    const auto mine = ownership.shards();
    return std::any_of(mine.begin(), mine.end(), [&](const OwnedShard& each) { return each.shard == shard; });
  }
  Completer& completer_of(RunId run) { return *completers[static_cast<std::size_t>(run.number()) % completers.size()]; }

  WorkerParts parts;
  const WorkerOptions options;
  Ownership ownership;
  RunsInFlight runs;
  KnownTasks known;
  DueBoard board;

  HotPath keeper_path, claimer_path;
  HotPathConnection scheduler_connection, question_connection, looker_connection;
  std::vector<std::unique_ptr<HotPath>> completer_paths;
  std::vector<std::unique_ptr<Completer>> completers;
  ShardLeases leases;
  ScheduleRows schedule_rows;
  QuestionRows question_rows;
  LookRows look_rows;

  VigilRows vigil_rows;
  Vigil vigil;
  NetworkGate gate;
  ClockWatch clocks{kHouseRound};
  QuestionDesk desk;
  Executor executor;
  ShardKeeper shard_keeper;
  LeaseKeeper lease_keeper;
  Claimer claimer;
  ScheduleTick tick;
  Looker looker;
  Messenger messenger;

  Every shards_due, renewal_due, expiry_due, clock_due, sweep_due, looks_due{std::chrono::seconds{1}};
  std::atomic<bool> cancels_due{false};
  std::atomic<bool> network_wait_ends{true};  // runs of an earlier process may wait
  std::atomic<bool> clock_jumped{false};
  std::atomic<bool> room_wanted{false};
  std::atomic<Monotonic> database_well_at{Monotonic{}};
  bool stopped = true;
  std::mutex idle_mutex;
  std::condition_variable idle;

  Loop keeper_loop{"keeper"}, claimer_loop{"claimer"}, scheduler_loop{"scheduler"}, looker_loop{"looker"},
      messenger_loop{"messenger"}, question_loop{"questions"}, alarm_loop{"alarms"}, housekeeper_loop{"housekeeper"};
  std::vector<std::unique_ptr<Loop>> completer_loops, executor_loops;
};

Worker::Inside::Inside(WorkerParts given, const WorkerOptions& limits)
    : parts(std::move(given)),
      options(limits),
      board(parts.clock),
      keeper_path(named(parts.database, "keeper"), parts.membership.instance()),
      claimer_path(named(parts.database, "claimer"), parts.membership.instance()),
      scheduler_connection(named(parts.database, "scheduler")),
      question_connection(named(parts.database, "questions")),
      looker_connection(named(parts.database, "looker")),
      leases(keeper_path.connection(), parts.membership.instance()),
      schedule_rows(scheduler_connection, parts.membership.instance()),
      question_rows(question_connection, parts.membership.instance()),
      look_rows(looker_connection, parts.membership.instance()),
      vigil_rows(scheduler_connection),
      vigil(vigil_rows),
      gate(
          parts.hooks.has_network ? parts.hooks.has_network : [] { return true; }, options.network_wait),
      desk({question_rows, parts.clock, parts.hooks.run_asks}, options.questions),
      executor({parts.tools, parts.clock, runs, [this](RunId run) -> Completer& { return completer_of(run); }, desk,
                [this](const RunPtr& run, Instant wake_at) { rests(run, wake_at); }, parts.hooks.run_progressed,
                options.quiet, parts.membership.instance(), parts.hooks.perform_step},
               options.executor),
      shard_keeper(leases, ownership, options.leases),
      lease_keeper({keeper_path, parts.clock, ownership, board, runs, executor, [this](RunId run) { ended(run); }},
                   options.leases),
      claimer({claimer_path, parts.clock, ownership, board, runs, known,
               [this](const std::vector<RunPtr>& some) { executor.start(some); },
               [this](const RunPtr& run) { executor.abandon(run); }, [this](RunId run) { ended(run); }},
              options),
      tick({schedule_rows, parts.clock, ownership, board, known, parts.membership.ids(),
            [this](RunId run) { executor.cancel(run, "overlap: the next slot has come"); },
            [this](RunId run) { ended(run); }, vigil, gate, parts.hooks.stays_here},
           options),
      looker({look_rows, parts.clock, ownership, parts.tools, executor.patient_work(), [this] { tick.changed(); }}),
      messenger(named(parts.database, "messenger"), parts.membership.instance(),
                {[this] {
                   board.look_again();
                   tick.changed();
                 },
                 [this] {
                   cancels_due = true;
                   keeper_loop.wake();
                 },
                 [this] { desk.look(); }}),
      shards_due(options.leases.renew_every),
      renewal_due(options.leases.renew_every),
      expiry_due(options.leases.expire_every),
      clock_due(options.leases.measure_clock_every),
      sweep_due(options.sweep.every) {
  for (int i = 0; i < options.completers; ++i) {
    completer_paths.push_back(
        std::make_unique<HotPath>(named(parts.database, "completer"), parts.membership.instance()));
    completers.push_back(std::make_unique<Completer>(*completer_paths.back(), options.batches,
                                                     [this](const std::vector<SettledRun>& flush) { settled(flush); }));
  }
}

void Worker::Inside::ended(RunId run) {
  if (parts.hooks.run_ended) parts.hooks.run_ended(run);
}

// The whole flush leaves the register at once and the claimer hears of it once: were it woken by the first run of a
// flush of a thousand, it would claim into the room of that one.
void Worker::Inside::settled(const std::vector<SettledRun>& flush) {
  std::map<std::string_view, int> outcomes;
  std::vector<RunId> ids;
  ids.reserve(flush.size());
  for (const auto& each : flush) ids.push_back(each.id);
  const auto left = runs.take_ended(ids);
  for (const auto& run : left) {
    executor.ended(run);
    if (run->run.keyed) board.unblocked(run->run.shard, parts.clock.now());
  }
  for (const auto& [id, written, moved] : flush) {
    if (written == Written::stale) {
      log::info("a run had been taken away before its end was written", json{{"run", id.number()}});
      continue;
    }
    ++outcomes[moved.state == RunState::queued ? "retried" : name_of(moved.state)];
    if (moved.state == RunState::queued)
      board.due_at(moved.shard, moved.priority, moved.run_at);
    else
      ended(moved.id);
  }
  // Their ends have woken the parents; here is the hint.
  for (const auto& run : left)
    if (run->plan.parent) told(run->plan.parent->run, run->plan.parent->shard);
  if (!outcomes.empty()) tick.runs_ended();
  for (const auto& [outcome, n] : outcomes) metrics::count("carillon_runs_total", {{"outcome", outcome}}, n);
  if (room_wanted.exchange(false)) board.room_again();
  note_idle();
}

void Worker::Inside::told(RunId run, std::int16_t shard) {
  executor.told(run);  // one that is about to rest is woken when it does
  claimer.wakes_at(shard, 0, parts.clock.now());
  if (!owns(shard)) messenger.tell_shard(shard);
}

void Worker::Inside::note_idle() {
  if (runs.size() > 0) return;
  const std::lock_guard lock{idle_mutex};
  idle.notify_all();
}

void Worker::Inside::rests(const RunPtr& run, Instant wake_at) {
  if (!runs.remove(run)) return;
  executor.ended(run);
  metrics::count("carillon_runs_total", {{"outcome", "waits"}});
  const Instant now = parts.clock.now();
  if (wake_at != Instant::max()) claimer.wakes_at(run->run.shard, run->run.priority, std::max(wake_at, now));
  // It was told something, or its end was asked for, while it came to rest.
  if (run->told || run->cancelled) claimer.wakes_at(run->run.shard, run->run.priority, now);
  if (room_wanted.exchange(false)) board.room_again();
  note_idle();
}

void Worker::Inside::keep() {
  if (clock_due.due() || clock_jumped.exchange(false)) parts.clock.measured(leases.measure_clock());
  if (shards_due.due()) {
    parts.membership.renew();
    if (shard_keeper.run_once()) {
      network_wait_ends = true;
      board.look_again();
      tick.changed();
    }
  }
  const bool cancels = cancels_due.exchange(false);
  if (renewal_due.due() || cancels)
    lease_keeper.renew_once(cancels ? LeaseKeeper::Leases::all : LeaseKeeper::Leases::older);
  if (expiry_due.due()) {
    if (lease_keeper.expire_once() > 0) desk.close_lost();
    executor.end_overdue();
  }
  database_well_at = std::chrono::steady_clock::now();
  keeper_loop.rest(kKeeperRest);
}

void Worker::Inside::claim() {
  if (std::chrono::steady_clock::now() >= claimer.next_look()) claimer.look_ahead();
  while (!claimer_loop.stopping() && claimer.run_once() > 0) {
  }
  auto room = claimer.room();
  if (room == DueBoard::Room::none) {
    room_wanted = true;
    room = claimer.room();  // a run may have ended before we said that we wait
  }
  if (board.wait(claimer.next_look(), room) == DueBoard::Woken::look) claimer.look_ahead();
}

void Worker::Inside::schedule() {
  const auto latest = std::chrono::steady_clock::now() + options.poll_every;
  bool fired = false;
  if (!gate.is_shut() && network_wait_ends.exchange(false)) tick.end_network_wait();
  while (!scheduler_loop.stopping() && tick.run_once() > 0) fired = true;
  if (fired) tick.look_ahead();
  const auto woken = tick.wait(latest);
  if (woken == ScheduleTick::Woken::changed || woken == ScheduleTick::Woken::timeout) tick.look_ahead();
}

void Worker::Inside::look() {
  looker.end_answered();
  if (looks_due.due()) looker.begin_due();
  looker_loop.rest(kLookerRest);
}

// After a sleep, a stop or a step everything is looked at at once; what is late begins when there is a network.
void Worker::Inside::watch_time() {
  const auto seen = clocks.look(read_clocks());
  const auto now = std::chrono::steady_clock::now();
  const auto seconds = [](Duration duration) { return std::chrono::duration<double>(duration).count(); };
  const auto tell = [&](const char* kind, const char* message, Duration duration) {
    if (duration.count() == 0) return;
    metrics::count("carillon_clock_jumps_total", {{"kind", kind}});
    log::warn(message, json{{"seconds", seconds(duration)}});
  };
  tell("sleep", "the machine has slept", seen.asleep);
  tell("stop", "this process has not run", seen.stopped);
  tell("step", "the machine's clock was set", seen.stepped);
  if (seen.anything()) {
    clock_jumped = true;
    keeper_loop.wake();
    board.look_again();
    tick.changed();
  }
  if (seen.asleep.count() > 0 || seen.stopped.count() > 0) gate.shut(now);
  if (!gate.look(now)) return;
  log::info("late runs wait for the network no more");
  network_wait_ends = true;
  tick.changed();
}

void Worker::Inside::keep_house() {
  watch_time();
  if (refresh_machine_zone() == ZoneRefresh::changed)
    log::info("the machine's time zone is another", json{{"zone", machine_zone()}});
  if (parts.hooks.each_second) parts.hooks.each_second();
  if (parts.hooks.sweep && sweep_due.due()) parts.hooks.sweep();
  housekeeper_loop.rest(kHouseRound);
}

void Worker::Inside::hand_back() {
  std::vector<RunLease> leases_to_return;
  const auto unstarted = executor.take_unstarted();
  for (const auto& run : unstarted) leases_to_return.push_back(run->run.lease);
  if (leases_to_return.empty()) return;
  try {
    const auto returned = claimer_path.hand_back(leases_to_return);
    metrics::count("carillon_runs_handed_back_total", {}, static_cast<double>(returned.size()));
    log::info("runs that had not started were handed back", json{{"runs", returned.size()}});
  } catch (const std::exception& failure) {
    log::warn("runs could not be handed back; their leases expire", json{{"problem", failure.what()}});
  }
  for (const auto& run : unstarted) runs.remove(run);
}

void Worker::Inside::wait_until_idle(Duration longest) {
  std::unique_lock lock{idle_mutex};
  idle.wait_for(lock, longest, [&] { return runs.size() == 0; });
}

Worker::Worker(WorkerParts parts, const WorkerOptions& options)
    : inside_(std::make_unique<Inside>(std::move(parts), options)) {}

Worker::~Worker() {
  if (!inside_->stopped) stop(Duration{0});
}

void Worker::start() {
  Inside& in = *inside_;
  in.stopped = false;
  in.gate.shut(std::chrono::steady_clock::now());
  if (in.gate.is_shut()) log::info("there is no network; late runs that call servers wait for it");
  const auto again = [](auto&& round) {
    return [round] {
      round();
      return Loop::Next::again;
    };
  };
  const auto serve = [](WorkQueue& queue) {
    return [&queue] { return queue.run_once() ? Loop::Next::again : Loop::Next::end; };
  };
  for (const auto& completer : in.completers) {
    in.completer_loops.push_back(std::make_unique<Loop>("completer"));
    in.completer_loops.back()->start([one = completer.get()] {
      if (!one->wait()) return Loop::Next::end;
      one->run_once();
      return Loop::Next::again;
    });
  }
  for (int i = 0; i < in.options.executor.threads + in.options.executor.patient_threads; ++i) {
    const bool patient = i >= in.options.executor.threads;
    in.executor_loops.push_back(std::make_unique<Loop>(patient ? "patient_executor" : "executor"));
    in.executor_loops.back()->start(serve(patient ? in.executor.patient_work() : in.executor.work()));
  }
  in.keeper_loop.start(again([&in] { in.keep(); }));
  in.claimer_loop.start(again([&in] { in.claim(); }));
  in.scheduler_loop.start(again([&in] { in.schedule(); }));
  in.looker_loop.start(again([&in] { in.look(); }));
  in.question_loop.start([&in] { return in.desk.run_once() ? Loop::Next::again : Loop::Next::end; });
  in.alarm_loop.start([&in] { return in.executor.go_on_with_due() ? Loop::Next::again : Loop::Next::end; });
  in.messenger_loop.start(again([&in] { in.messenger.run_once(); }));
  in.housekeeper_loop.start(again([&in] { in.keep_house(); }));
}

void Worker::stop(Duration soft_deadline) {
  Inside& in = *inside_;
  in.stopped = true;
  in.board.stop();
  in.tick.stop();
  in.claimer_loop.stop();
  in.scheduler_loop.stop();
  in.looker_loop.stop();
  in.hand_back();
  in.wait_until_idle(soft_deadline);
  if (const auto left = in.runs.size(); left > 0)
    log::info("runs that are still going are left to their leases", json{{"runs", left}});
  in.executor.alarms().stop();
  in.alarm_loop.stop();
  in.executor.work().stop();
  in.executor.patient_work().stop();
  for (const auto& loop : in.executor_loops) loop->stop();
  for (const auto& completer : in.completers) completer->stop();
  for (const auto& loop : in.completer_loops) loop->stop();
  in.desk.stop();
  in.question_loop.stop();
  in.messenger.wake();
  in.messenger_loop.stop();
  in.housekeeper_loop.stop();
  in.keeper_loop.stop();
  try {
    in.shard_keeper.release_all();
  } catch (const std::exception& failure) {
    log::info("the shards could not be given back; they expire", json{{"problem", failure.what()}});
  }
}

WorkerFacts Worker::facts() const {
  WorkerFacts facts;
  facts.shards = inside_->ownership.shards().size();
  facts.runs_in_flight = inside_->runs.size();
  for (const auto& completer : inside_->completers) facts.unwritten += completer->waiting();
  facts.listening = inside_->messenger.healthy();
  facts.database = std::chrono::steady_clock::now() - inside_->database_well_at.load() < kDatabaseWellFor;
  return facts;
}

void Worker::runs_ready(std::int16_t shard, Instant run_at) {
  inside_->board.due_at(shard, 0, run_at);
  if (!inside_->owns(shard)) inside_->messenger.tell_shard(shard);
}

void Worker::run_told(RunId run, std::int16_t shard) { inside_->told(run, shard); }

void Worker::cancel_requested(RunId run) {
  if (inside_->runs.find(run)) {
    // The reason is in the row; the keeper reads it with the next renewal and passes it on.
    inside_->cancels_due = true;
    inside_->keeper_loop.wake();
  } else {
    inside_->messenger.tell_cancel();
  }
}

void Worker::run_taken_away(RunId run) {
  inside_->executor.drop(run);
  inside_->ended(run);
  inside_->messenger.tell_cancel();
}

void Worker::schedule_changed(std::int16_t shard) {
  inside_->tick.changed();
  if (!inside_->owns(shard)) inside_->messenger.tell_shard(shard);
}

void Worker::dispatch_changed(const TenantId&) {
  inside_->board.look_again();
  inside_->messenger.tell_everybody();
}

void Worker::question_answered(RunId run) {
  if (inside_->runs.find(run))
    inside_->desk.look();
  else
    inside_->messenger.tell_answer();
}

}  // namespace carillon
