// One command, one transaction: the idempotency of its key, the events and audit rows that go with it, and the signals
// that follow its commit.
//
// run_once(), run_keyless() and try_out() are the only ways in which a command of the engine reaches the database. Its
// work may run more than once (deadlock, serialisation failure), so it notes signals in the Telling that it is given,
// which starts empty each time.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/domain/caller.h"
#include "server/engine/answers_json.h"
#include "server/engine/command.h"
#include "server/engine/run_watch.h"
#include "server/store/journal.h"
#include "server/store/run_store.h"
#include "server/store/store.h"
#include "server/store/task_store.h"

namespace carillon {

// A command on its way: who, what, when.
struct Call {
  const Caller& caller;
  std::string_view command;  // schedule_task, …
  const CommandKey& key;
  Instant now;
};

// How a run is named in events: ids for machines, the handle for people.
struct ToldRun {
  RunId id;
  TaskId task;
  std::string task_name;
  std::int64_t number;
  int retry = 1;
};

// What a command tells: events and audit rows into its transaction, signals after its commit.
class Telling {
 public:
  Telling(const Call& call, Tx& tx) : call_(call), tx_(tx) {}

  void task_event(std::string_view type, const TaskRecord& task, json more = json::object());
  void run_event(std::string_view type, const ToldRun& run, json more = json::object());
  void audit(std::string subject, json before, json after);

  void run_ready(std::int16_t shard, Instant run_at) { signals_.ready.emplace_back(shard, run_at); }
  void run_told(RunId run, std::int16_t shard) { signals_.told.emplace_back(run, shard); }
  void cancel_requested(RunId run) { signals_.cancels.push_back(run); }
  void run_taken_away(RunId run) { signals_.taken.push_back(run); }
  void run_ended(RunId run) { signals_.ended.push_back(run); }
  const TenantId& tenant() const { return call_.caller.tenant; }
  Instant at() const { return call_.now; }
  void schedule_changed(std::int16_t shard) { signals_.schedules.insert(shard); }
  void dispatch_changed() { signals_.dispatch = true; }
  void question_answered(RunId run) { signals_.answered.push_back(run); }

  struct Signals {
    std::vector<std::pair<std::int16_t, Instant>> ready;
    std::vector<std::pair<RunId, std::int16_t>> told;
    std::vector<RunId> cancels, taken, ended, answered;
    std::set<std::int16_t> schedules;
    bool dispatch = false;
  };
  Signals take_signals() { return std::move(signals_); }

 private:
  Provenance provenance() const { return {call_.key.client_generated_id, call_.key.causation_id, call_.now}; }

  const Call& call_;
  Tx& tx_;
  Signals signals_;
};

std::string subject_of(TaskId task);  // "task:123"
std::string subject_of(RunId run);    // "run:456"

// Who hears of a commit.
struct Listeners {
  WorkerSignal& worker;
  RunWatch& watch;
};
void send(const Telling::Signals& signals, const TenantId& tenant, const Listeners& listeners);

// The id of the key is too long, or fine.
Status check_key(const CommandKey& key);
// The stored answer as JSON when the key was used for this very command; an error when for another one.
Result<std::optional<json>> first_answer(Tx& tx, const Call& call);
// Takes the key for this transaction; false: it was used before.
bool claim_key(Tx& tx, const Call& call);
void keep_answer(Tx& tx, const Call& call, const json& answer);

// The first answer, for commands that ask others before their transaction; nothing when there is none yet.
template <class Answer>
Result<std::optional<Answer>> replayed(Store& store, const Call& call) {
  if (auto fit = check_key(call.key); !fit) return fit.error();
  if (!call.key.client_generated_id) return std::optional<Answer>{};
  auto stored = store.in_tx(call.caller.tenant, [&](Tx& tx) { return first_answer(tx, call); });
  if (!stored) return stored.error();
  if (!*stored) return std::optional<Answer>{};
  return std::optional{answer_from_json<Answer>(**stored)};
}

// A command that takes no key. work: Result<Answer>(Tx&, Telling&).
template <class Answer, class Work>
Result<Answer> run_keyless(Store& store, const Listeners& listeners, const Call& call, Work work) {
  Telling::Signals signals;
  Result<Answer> answer = store.in_tx(call.caller.tenant, [&](Tx& tx) -> Result<Answer> {
    Telling telling{call, tx};
    Result<Answer> done = work(tx, telling);
    signals = telling.take_signals();
    return done;
  });
  if (answer) send(signals, call.caller.tenant, listeners);
  return answer;
}

// What the work would answer: nothing of it stays, and nobody hears of it.
template <class Answer, class Work>
Result<Answer> try_out(Store& store, const Call& call, Work work) {
  std::optional<Result<Answer>> tried;
  // An error rolls back, whatever was done.
  (void)store.in_tx(call.caller.tenant, [&](Tx& tx) -> Status {
    Telling telling{call, tx};
    tried = work(tx, telling);
    return Error{ErrorCode::conflict, "it was only tried out"};
  });
  return *std::move(tried);
}

template <class Answer, class Work>
Result<Answer> run_once(Store& store, const Listeners& listeners, const Call& call, Work work) {
  if (auto fit = check_key(call.key); !fit) return fit.error();
  return run_keyless<Answer>(store, listeners, call, [&](Tx& tx, Telling& telling) -> Result<Answer> {
    if (call.key.client_generated_id && !claim_key(tx, call)) {
      auto stored = first_answer(tx, call);
      if (!stored) return stored.error();
      if (!*stored) return Error{ErrorCode::conflict, "the client_generated_id was given up just now; repeat the call"};
      return answer_from_json<Answer>(**stored);
    }
    Result<Answer> done = work(tx, telling);
    if (done && call.key.client_generated_id) keep_answer(tx, call, to_json(*done));
    return done;
  });
}

}  // namespace carillon
