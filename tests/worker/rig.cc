#include "tests/worker/rig.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "server/engine/engine.h"
#include "server/store/store.h"

namespace carillon::test {
namespace {

constexpr auto kPatience = std::chrono::seconds{30};

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}

ToolReply failure(ErrorClass error_class, Arrived arrived) {
  ToolReply reply;
  reply.failure = error_class;
  reply.message = "as the test wants it";
  reply.arrived = arrived;
  return reply;
}

}  // namespace

CallId FakeTools::start(ToolCall call, std::function<void(ToolReply)> done) {
  CallId id = 0;
  {
    const std::lock_guard lock{mutex_};
    id = next_++;
    calls_.push_back(call);
    changed_.notify_all();
    if (!log_file_.empty()) std::ofstream{log_file_, std::ios::app} << call.tool << "\n";
    if (begins(call.tool, "t.held.") || begins(call.tool, "t.asking.") || call.tool == "t.halfway.read") {
      held_.emplace(id, Held{call, std::move(done)});
      most_at_once_ = std::max(most_at_once_, held_.size());
    }
  }
  if (begins(call.tool, "t.held.")) return id;
  if (call.tool == "t.halfway.read") {
    for (int i = 1; i <= 3; ++i) call.progressed({.progress = i * 0.1, .total = 1, .message = "step"});
    return id;
  }
  if (begins(call.tool, "t.asking.")) {
    if (call.can_answer.empty()) {
      take_held(id)(failure(ErrorClass::tool_error, Arrived::maybe));
      return id;
    }
    const json form{{"message", "Well?"}, {"requestedSchema", call.arguments}};
    call.asked({"elicitation/create", form}, [this, id](const Result<json>& answer) {
      const auto answered = take_held(id);
      if (!answered) return;
      ToolReply reply = answer.ok() ? ToolReply{} : failure(ErrorClass::tool_error, Arrived::maybe);
      reply.structured = answer.ok() ? json{{"heard", *answer}} : json{{"problem", answer.error().message}};
      answered(std::move(reply));
    });
    return id;
  }
  if (call.tool == "t.dear.down") return done(failure(ErrorClass::unavailable, Arrived::no)), id;
  if (call.tool == "t.dear.lost.read") return done(failure(ErrorClass::timeout, Arrived::maybe)), id;
  if (call.tool == "t.failing") return done(failure(ErrorClass::tool_error, Arrived::maybe)), id;
  if (call.tool == "t.down") return done(failure(ErrorClass::unavailable, Arrived::no)), id;
  if (begins(call.tool, "t.lost.")) return done(failure(ErrorClass::timeout, Arrived::maybe)), id;
  ToolReply reply;
  reply.arrived = Arrived::maybe;
  const auto answer = answers.find(call.tool);
  reply.structured = answer == answers.end() ? json{{"said", call.arguments}} : answer->second;
  reply.content = json::array({json{{"type", "text"}, {"text", "fine"}}});
  done(std::move(reply));
  return id;
}

void FakeTools::cancel(CallId call, std::string_view) {
  if (const auto done = take_held(call)) done(failure(ErrorClass::cancelled, Arrived::maybe));
}

std::function<void(ToolReply)> FakeTools::take_held(CallId call) {
  const std::lock_guard lock{mutex_};
  const auto found = held_.find(call);
  if (found == held_.end()) return {};
  auto done = std::move(found->second.done);
  held_.erase(found);
  return done;
}

Result<ToolFacts> FakeTools::describe(const TenantId&, std::string_view tool, Duration wait) {
  if (tool == "t.unknown") return Error{ErrorCode::unknown_tool, "there is no tool t.unknown"};
  if (tool == "t.sleeping.read" && wait == Duration{0}) return Error{ErrorCode::server_unavailable, "it sleeps"};
  ToolFacts facts;
  facts.tool = std::string{tool};
  facts.effect = ends(tool, "destructive")  ? Effect::destructive
                 : ends(tool, "idempotent") ? Effect::idempotent
                                            : Effect::read;
  if (begins(tool, "t.dear.")) facts.cost = Cost{100'000};
  if (tool == "t.guarded.read") facts.scopes = {Scope::admin};
  return facts;
}

void FakeTools::wait_held(std::size_t n) {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, kPatience, [&] { return held_.size() >= n; }))
    throw std::runtime_error("the calls that were waited for did not come");
}

void FakeTools::wait_calls(std::size_t n) {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, kPatience, [&] { return calls_.size() >= n; }))
    throw std::runtime_error("the calls that were waited for were not made");
}

void FakeTools::release() {
  std::map<CallId, Held> held;
  {
    const std::lock_guard lock{mutex_};
    held.swap(held_);
  }
  for (auto& [id, each] : held) {
    ToolReply reply;
    reply.structured = json{{"held", true}};
    each.done(std::move(reply));
  }
}

std::vector<ToolCall> FakeTools::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

std::size_t FakeTools::most_at_once() const {
  const std::lock_guard lock{mutex_};
  return most_at_once_;
}

WorkerOptions quick_options() {
  WorkerOptions options;
  options.leases.shard_expiry = std::chrono::seconds{1};
  options.leases.run_lease = std::chrono::seconds{1};
  options.leases.renew_every = std::chrono::milliseconds{200};
  options.leases.expire_every = std::chrono::milliseconds{200};
  options.poll_every = std::chrono::milliseconds{200};
  return options;
}

void Ends::add(RunId run) {
  const std::lock_guard lock{mutex_};
  runs_.push_back(run);
  changed_.notify_all();
}

bool Ends::wait(std::size_t n) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, kPatience, [&] { return runs_.size() >= n; });
}

std::vector<RunId> Ends::all() const {
  const std::lock_guard lock{mutex_};
  return runs_;
}

struct Rig::OwnSteps {
  OwnSteps(const TestDatabase& database, const DbClock& clock, FakeTools& tools, WorkerBell& bell)
      : store(database.urls(), PoolOptions{}), ids(next_maker++), engine({store, clock, tools, bell, ids}, {}) {}

  static inline std::atomic<int> next_maker = 700;
  Store store;
  RunIdMaker ids;
  Engine engine;
};

Rig::Rig(const TestDatabase& database, const WorkerOptions& options, const std::string& name,
         const std::string& log_file)
    : Rig(database, nullptr, options, name, log_file) {}

Rig::Rig(const TestDatabase& database, Ends& ends, const WorkerOptions& options)
    : Rig(database, &ends, options, "worker", "") {}

Rig::Rig(const TestDatabase& database, Ends* ends, const WorkerOptions& options, const std::string& name,
         const std::string& log_file)
    : tools(log_file),
      membership(HotPathOptions{.url = database.urls().dispatch, .application = "member"}, this_process("worker"),
                 clock, options.leases.shard_expiry),
      own_steps_(std::make_unique<OwnSteps>(database, clock, tools, bell)),
      ends_(ends == nullptr ? own_ : *ends),
      worker(WorkerParts{HotPathOptions{.url = database.urls().dispatch, .application = name}, tools, clock, membership,
                         WorkerHooks{.run_ended = [this](RunId run) { ends_.add(run); },
                                     .each_second = {},
                                     .sweep = {},
                                     .perform_step =
                                         [this](const OwnStep& step) { return own_steps_->engine.perform_step(step); },
                                     .run_asks = [this](RunId run) { asks_.add(run); },
                                     .run_progressed =
                                         [this](RunId, const ToolProgress& progress) {
                                           progress_.with([&](auto& heard) { heard.push_back(progress.progress); });
                                         }}},
             options) {
  bell.attach(&worker);
  worker.start();
}

Engine& Rig::engine() { return own_steps_->engine; }

Rig::~Rig() { bell.attach(nullptr); }

std::string definition_of(const Action& action, const std::string& when,
                          const std::function<void(TaskDefinition&)>& change) {
  TaskDefinition definition;
  definition.when = when;
  const auto schedule = parse_when(when, WhenContext{SystemClock{}.now(), "UTC"});
  if (!schedule) throw std::runtime_error(schedule.error().message);
  definition.schedule = *schedule;
  definition.action = action;
  if (change) change(definition);
  return to_json(definition).dump();
}

Action tool_action(const std::string& tool, const json& arguments) {
  Action action;
  action.kind = ActionKind::tool;
  action.tool = tool;
  action.arguments = arguments;
  return action;
}

json step(const std::string& id, const std::string& uses, const json& with, const std::string& save_as) {
  json made{{"id", id}, {"uses", uses}, {"with", with}};
  if (!save_as.empty()) made["save_as"] = save_as;
  return made;
}

Action steps_action(const std::vector<json>& steps, const json& input) {
  auto action = read_action({{"kind", "steps"}, {"steps", steps}, {"input", input}}, "");
  REQUIRE(action.ok());
  return *std::move(action);
}

}  // namespace carillon::test
