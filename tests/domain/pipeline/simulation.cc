#include "tests/domain/pipeline/simulation.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "server/domain/pipeline/planner.h"
#include "tests/domain/pipeline/model.h"
#include "tests/domain/pipeline/random_pipeline.h"

namespace carillon::pipeline::test {
namespace {

using namespace std::chrono_literals;

const Instant kStart = *parse_rfc3339("2026-11-20T13:00:00Z");
constexpr int kAttemptsMax = 3;
constexpr int kTurnsMax = 20'000;

// A call under way: what it will come to is settled when it begins.
struct Call {
  std::string path;
  bool is_idempotent = false;
  int attempt = 1;
  StepEvent event = StepEvent::finish;
  int turns_left = 0;
};

// What outlives a worker: the journal, and what the world remembers of effects. The worker is a planner and the calls
// that it has under way.
class World {
 public:
  explicit World(std::uint64_t seed) : dice_(seed), definition_(random_pipeline(dice_)) {
    auto read = read_pipeline(definition_, "");
    if (!read) {
      wrong_ = "the pipeline cannot be read: " + read.error().pointer + " " + read.error().message;
      return;
    }
    pipeline_ = *std::move(read);
    wakes_up();
  }

  std::string run() {
    for (int turn = 0; wrong_.empty() && !planner_->plan(now_).end; ++turn) {
      if (turn == kTurnsMax) return told("the run does not end");
      take_turn();
    }
    if (wrong_.empty()) look_back();
    return wrong_.empty() ? "" : told(wrong_);
  }

  const json& definition() const { return definition_; }

 private:
  void take_turn() {
    const Plan plan = planner_->plan(now_);
    if (cancels_.size() < 2 && dice_.one_in(cancels_.empty() ? 100 : 10)) return cancel();
    if (dice_.one_in(25)) return dies();
    if (dice_.one_in(40)) return hold(!is_held_);
    for (const Start& start : plan.starts)
      if (dice_.one_in(2) && begin(start) == Alive::no) return dies();
    for (const std::string& path : plan.cancels)
      if (dice_.one_in(2)) write({.path = path, .event = StepEvent::ask_to_end, .at = now_});
    const auto calls = calls_;
    for (const Call& call : calls)
      if (--find(call.path)->turns_left <= 0 && answered(call) == Alive::no) return dies();
    const Plan then = planner_->plan(now_);
    if (then.end || !then.starts.empty() || !then.cancels.empty() || !calls_.empty()) return;
    if (is_held_) return hold(false);
    if (!then.wake_at) {
      wrong_ = "the run neither goes on nor waits for anything";
      return;
    }
    now_ = std::max(now_, *then.wake_at);
  }

  void hold(bool held) {
    is_held_ = held;
    planner_->hold(held);
  }

  enum class Alive { yes, no };

  Alive begin(const Start& start) {
    if (is_held_ && !start.path.ends_with("!undo")) wrong_ = start.path + " is begun although the run is held";
    if (is_under_way(start.path)) wrong_ = start.path + " is begun twice at once";
    for (const std::string& list : ended_lists_)
      if (!start.path.ends_with("!undo") && start.path.starts_with(list))
        wrong_ = start.path + " is begun although its list has ended";
    if (!wrong_.empty()) return Alive::yes;
    write({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt, .at = now_});
    if (dice_.one_in(60)) return Alive::no;
    Call call{.path = start.path,
              .is_idempotent = start.step->body["uses"] == "s.idempotent",
              .attempt = start.attempt,
              .turns_left = static_cast<int>(dice_.below(4))};
    const std::size_t luck = dice_.below(20);
    if (luck < 2) call.event = StepEvent::retry;  // no effect
    if (luck == 2) call.event = StepEvent::fail;  // no effect
    if (luck == 3 && !call.is_idempotent) call.event = StepEvent::lose_outcome;
    if (call.event == StepEvent::retry && start.attempt >= kAttemptsMax) call.event = StepEvent::fail;
    const bool has_effect = call.event == StepEvent::finish || call.event == StepEvent::lose_outcome;
    if (has_effect && ++effects_[call.path] > 1 && !call.is_idempotent) wrong_ = call.path + " had its effect twice";
    if (dice_.one_in(60)) return Alive::no;
    calls_.push_back(call);
    return Alive::yes;
  }

  Alive answered(const Call& call) {
    std::erase_if(calls_, [&](const Call& each) { return each.path == call.path; });
    if (dice_.one_in(60)) return Alive::no;
    Record record{.path = call.path, .event = call.event, .attempt = call.attempt, .at = now_, .output = call.path};
    record.fault = {ErrorClass::tool_error, "no"};
    record.not_before = now_ + 1s;
    if (planner_->state_of(call.path) == StepState::cancelling && call.event == StepEvent::retry)
      record.event = StepEvent::cancel;
    write(record);
    return Alive::yes;
  }

  void cancel() {
    constexpr Cancel kHow[]{Cancel::stop, Cancel::expire, Cancel::compensate};
    cancels_.push_back(kHow[dice_.below(3)]);
    journal_.emplace_back(std::nullopt);
    planner_->cancel(cancels_.back(), now_);
  }

  // Whoever asked to stop a run that is to be undone is told that it will be: the row knows one wish.
  bool is_to_be_undone() const {
    return std::any_of(cancels_.begin(), cancels_.end(), [](Cancel how) { return how != Cancel::stop; });
  }

  // The journal and the planner learn of it together; a planner that folds the whole journal anew has to agree.
  void write(const Record& record) {
    now_ += 1ms;
    if (!planner_->apply(record)) {
      wrong_ = record.path + ": " + std::string(name_of(record.event)) + " is refused";
      return;
    }
    journal_.emplace_back(record);
    if (is_bad(record) && !find_step(definition_["steps"], id_of(record.path))->contains("on_error"))
      ended_lists_.push_back(record.path.substr(0, record.path.rfind('.') + 1));
    if (!dice_.one_in(10)) return;
    const Planner again = fold();
    if (states_of(again) != states_of(*planner_)) wrong_ = "the journal folded anew gives another plan";
    if (starts_of(again) != starts_of(*planner_)) wrong_ = "the journal folded anew begins something else";
    if (!cancels_.empty()) check_taken_over();
  }

  // Of a run whose end was asked for only those of what the journal names: whoever hears of the wish later has looked
  // at more.
  std::vector<std::pair<std::string, StepState>> states_of(const Planner& planner) const {
    auto states = planner.states();
    std::set<std::string> named;
    for (const auto& record : journal_)
      if (record) named.insert(record->path);
    if (!cancels_.empty()) std::erase_if(states, [&](const auto& each) { return !named.contains(each.first); });
    std::sort(states.begin(), states.end());
    return states;
  }

  // A worker that takes the run over knows what was asked, and not when.
  void check_taken_over() {
    const Planner taken = take_over();
    if (starts_of(taken) != starts_of(*planner_)) wrong_ = "who takes it over begins something else";
    // A run whose end alone was asked for has ended with its worker. What an error has led to, a branch that goes on
    // behind it, say, was looked at before the wish was heard, or is given up by it: both are true ends.
    if (!is_to_be_undone() || an_error_led_on()) return;
    const auto theirs = taken.plan(now_).end, ours = planner_->plan(now_).end;
    if (theirs.has_value() != ours.has_value() || (ours && ours->state != theirs->state))
      wrong_ = "who takes it over ends it otherwise: " + std::string(ours ? name_of(ours->state) : "goes on") + ", " +
               std::string(theirs ? name_of(theirs->state) : "goes on");
  }

  bool an_error_led_on() const {
    return std::any_of(journal_.begin(), journal_.end(), [&](const auto& record) {
      return record && is_bad(*record) && find_step(definition_["steps"], id_of(record->path))->contains("on_error");
    });
  }
  static bool is_bad(const Record& record) {
    return record.event == StepEvent::fail || record.event == StepEvent::lose_outcome;
  }

  std::vector<std::string> starts_of(const Planner& planner) const {
    std::vector<std::string> paths;
    for (const Start& start : planner.plan(now_).starts)
      paths.push_back(start.path + "#" + std::to_string(start.attempt));
    return paths;
  }

  Planner fold() const {
    RunRoots roots;
    roots.input = kInput;
    Planner planner{pipeline_, std::move(roots), kStart};
    planner.hold(is_held_);
    auto asked = cancels_.begin();
    for (const auto& record : journal_) {
      if (record)
        planner.apply(*record);
      else
        planner.cancel(*asked++, now_);
    }
    return planner;
  }

  Planner take_over() const {
    RunRoots roots;
    roots.input = kInput;
    Planner planner{pipeline_, std::move(roots), kStart};
    planner.hold(is_held_);
    if (is_to_be_undone()) planner.must_undo();
    std::vector<Record> untold;
    for (const auto& record : journal_)
      if (record && !planner.apply(*record)) untold.push_back(*record);
    if (cancels_.empty()) return planner;
    planner.cancel(is_to_be_undone() ? Cancel::compensate : Cancel::stop, now_);
    for (const Record& record : untold) planner.apply(record);
    return planner;
  }

  // The worker is gone; another one folds the journal. What was under way may be begun again where that does no harm.
  void dies() {
    calls_.clear();
    wakes_up();
    for (const auto& [path, state] : planner_->states()) {
      if (state != StepState::running && state != StepState::cancelling) continue;
      if (!is_leaf(path)) continue;
      const bool is_cancelling = state == StepState::cancelling;
      if (is_idempotent(path))
        write({.path = path, .event = is_cancelling ? StepEvent::cancel : StepEvent::resume, .at = now_});
      else
        write({.path = path, .event = StepEvent::lose_outcome, .at = now_, .fault = {ErrorClass::unknown_outcome, ""}});
    }
  }

  void wakes_up() { planner_.emplace(take_over()); }

  bool is_leaf(const std::string& path) const {
    return std::any_of(journal_.begin(), journal_.end(), [&](const auto& each) { return each && each->path == path; });
  }
  bool is_idempotent(const std::string& path) const {
    const json* step = find_step(definition_["steps"], id_of(path));
    const json& body = path.ends_with("!undo") ? (*step)["undo"] : *step;
    return body["uses"] == "s.idempotent";
  }
  static std::string id_of(std::string path) {
    if (path.ends_with("!undo")) path.resize(path.size() - 5);
    return path.substr(path.rfind('.') + 1);
  }
  static const json* find_step(const json& value, const std::string& id) {
    if (value.is_object() && value.value("id", "") == id) return &value;
    if (!value.is_structured()) return nullptr;
    for (const json& inner : value)
      if (const json* found = find_step(inner, id)) return found;
    return nullptr;
  }

  bool is_under_way(const std::string& path) const {
    return std::any_of(calls_.begin(), calls_.end(), [&](const Call& each) { return each.path == path; });
  }
  Call* find(const std::string& path) {
    return &*std::find_if(calls_.begin(), calls_.end(), [&](const Call& each) { return each.path == path; });
  }

  // The run has ended: was it right?
  void look_back() {
    const RunEnd end = *planner_->plan(now_).end;
    Outcomes outcomes;
    std::vector<std::string> completed;
    std::set<std::string> undone;
    for (const auto& record : journal_) {
      if (!record) continue;
      const bool is_undo = record->path.ends_with("!undo");
      if (record->event == StepEvent::finish && is_undo) undone.insert(record->path);
      if (is_undo) continue;
      if (record->event == StepEvent::finish) outcomes[record->path] = StepState::succeeded;
      if (record->event == StepEvent::fail) outcomes[record->path] = StepState::failed;
      if (record->event == StepEvent::lose_outcome) outcomes[record->path] = StepState::unknown;
      if (record->event == StepEvent::finish && find_step(definition_["steps"], id_of(record->path))->contains("undo"))
        completed.push_back(record->path + "!undo");
    }
    check_undos(end, completed, undone);
    if (!cancels_.empty()) {
      if (end.state == RunState::succeeded && !calls_.empty()) wrong_ = "it succeeded while calls were under way";
      return;
    }
    const Judgement right = judge(definition_, kInput, outcomes);
    if (!right.wrong.empty()) wrong_ = right.wrong;
    if (!right.state.empty() && right.state != name_of(end.state))
      wrong_ = "it is " + std::string(name_of(end.state)) + " and should be " + right.state;
  }

  void check_undos(const RunEnd& end, const std::vector<std::string>& completed, const std::set<std::string>& undone) {
    const bool is_due = end.state == RunState::failed || (end.state == RunState::cancelled && is_to_be_undone());
    std::vector<std::string> tried;
    for (const auto& record : journal_)
      if (record && record->path.ends_with("!undo") && record->event == StepEvent::begin && record->attempt == 1 &&
          std::find(tried.begin(), tried.end(), record->path) == tried.end())
        tried.push_back(record->path);
    if (!is_due && !tried.empty()) wrong_ = "a run was undone that should not have been";
    if (end.state == RunState::succeeded && is_to_be_undone()) wrong_ = "a run that was to be undone succeeded";
    if (!is_due) return;
    if (tried != std::vector<std::string>{completed.rbegin(), completed.rend()})
      wrong_ = "what succeeded was not undone once and in reverse order";
    if (end.compensated.value_or(true) != (undone.size() == completed.size()))
      wrong_ = "it says wrongly whether all was undone";
  }

  std::string told(const std::string& what) const {
    std::ostringstream text;
    text << what << "\n" << definition_.dump(1) << "\n";
    for (const auto& record : journal_) {
      if (record)
        text << record->path << " " << name_of(record->event) << " " << record->attempt << "\n";
      else
        text << "cancel\n";
    }
    for (const auto& [path, state] : planner_->states()) text << path << ": " << name_of(state) << "\n";
    return text.str();
  }

  static inline const json kInput{{"yes", true}, {"no", false}};

  Dice dice_;
  json definition_;
  Pipeline pipeline_{};
  std::vector<std::optional<Record>> journal_{};  // nothing: the wish to cancel
  std::optional<Planner> planner_{};
  std::vector<Call> calls_{};
  std::map<std::string, int> effects_{};
  std::vector<std::string> ended_lists_{};  // by the beginning of their paths: a step failed and nobody handled it
  Instant now_ = kStart;
  bool is_held_ = false;
  std::vector<Cancel> cancels_{};
  std::string wrong_{};
};

}  // namespace

std::string simulate(std::uint64_t seed) { return World{seed}.run(); }

std::string pipeline_of_seed(std::uint64_t seed) { return World{seed}.definition().dump(1); }

}  // namespace carillon::pipeline::test
