// Every event has a schema (schemas/events/<event_type>.json) that real rows of the outbox fit: those of commands, of
// the scheduler and of the hot path. docs/events.md is printed from the schemas; CARILLON_WRITE_DOCS=1 writes it anew.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "server/domain/json_schema/json_schema.h"
#include "server/engine/breaker_sharing.h"
#include "server/engine/retiming.h"
#include "server/store/question_rows.h"
#include "server/store/schedule_rows.h"
#include "server/store/shard_leases.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;
using namespace std::chrono_literals;

namespace {

constexpr char kPage[] = "docs/events.md";
constexpr char kManual[] = R"({"name":"job","when":"manual","message":"x","options":{"overlap":"allow"}})";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::map<std::string, json> event_schemas() {
  std::map<std::string, json> schemas;
  for (const auto& entry : std::filesystem::directory_iterator{"schemas/events"})
    schemas.emplace(entry.path().stem().string(), json::parse(text_of(entry.path())));
  return schemas;
}

std::set<std::string> names(const std::map<std::string, json>& schemas) {
  std::set<std::string> all;
  for (const auto& [name, schema] : schemas) all.insert(name);
  return all;
}

// The event types that the sources spell out; those made of a run's state are the states' names.
std::set<std::string> types_in_sources() {
  static const std::regex kType{R"(["']((?:task|event|state)\.[a-z_.]*[a-z_]|server\.breaker_[a-z_]+)["'])"};
  std::set<std::string> types;
  for (const auto* folder : {"server/engine", "server/store/sql"})
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      const std::string text = text_of(entry.path());
      for (std::sregex_iterator found{text.begin(), text.end(), kType}, end; found != end; ++found)
        types.insert((*found)[1]);
    }
  return types;
}

// One process that owns all shards and does by hand what a worker does.
struct ByHand {
  explicit ByHand(const EngineFixture& f)
      : path({.url = f.database.urls().dispatch, .application = "by hand"}, "by hand"),
        leases(path.connection(), "by hand"),
        rows(path.connection(), "by hand") {
    leases.lease_process({"by hand", "worker", "host", 1, "0"});
    shards = leases.take(16, 1h);
  }

  std::vector<LeasedRun> claim(Instant now, Duration lease) {
    std::vector<ClaimPair> pairs;
    for (std::int16_t priority = 1; priority <= kPriorities; ++priority)
      for (const auto& shard : shards) pairs.push_back({shard, priority, Floor{}, 50});
    return path.claim({pairs, now, 50, lease}).runs;
  }

  HotPath path;
  ShardLeases leases;
  ScheduleRows rows;
  std::vector<OwnedShard> shards;
};

// Every kind of event that a command tells.
void do_everything(EngineFixture& f) {
  REQUIRE(f.engine.set_state(f.caller(), {.entry = {.key = "k"}, .change = {.value = 1}}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "state", .name = "k", .entry = {.key = "k"}}).ok());
  REQUIRE(f.engine.publish_event(f.caller(), {.event = "deploy.finished", .event_key = "d-81"}).ok());
  REQUIRE(f.engine.save_pipeline(f.caller(), {.name = "p", .steps = json::parse(R"([{"id":"a","wait":"1s"}])")}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "pipeline", .name = "p"}).ok());
  f.scheduled(R"({"name":"a","when":"every 15m","message":"x"})");
  REQUIRE(f.update("a", R"({"message":"y"})").ok());
  REQUIRE(f.engine.snooze(f.caller(), {.task = "a", .skip = 1, .reason = "r"}).ok());
  REQUIRE(
      f.engine.set_task_state(f.caller(), {.state = TaskState::paused, .tasks = {"a"}, .until = "in 1h", .reason = "r"})
          .ok());
  f.clock.advance(std::chrono::minutes{40});
  REQUIRE(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"a"}}).ok());
  f.finish(f.ran("a"), "failed", "timeout");
  REQUIRE(f.engine.retry_run(f.caller(), {.run = "a#2"}).ok());
  f.ran("a");  // skipped: overlap
  REQUIRE(f.engine.cancel_run(f.caller(), {.run = "a#2.2"}).ok());
  f.start(f.ran("a"), "calling");
  REQUIRE(f.engine.cancel_run(f.caller(), {.run = "a#4", .force = true}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "run", .name = "a#2", .hard = true}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "a"}).ok());
  REQUIRE(f.update("a", "{}", {.restore = true}).ok());
}

// What a process does whose calls to a server fail.
void open_breaker(EngineFixture& f, const std::string& process) {
  BreakerSharing sharing{{f.store, f.clock, f.tools, f.worker, f.ids}, process};
  const BreakerStanding standing{.state = BreakerState::open, .left = 30s, .requests = 10, .failures = 7};
  sharing.exchange({{{"github", 0, standing}, {{BreakerState::closed, BreakerEvent::trip, BreakerState::open}}}});
}

// As if the next slots had been computed with other tzdata, which had them an hour later.
void retime(EngineFixture& f, const std::string& owner) {
  Retiming retiming{{f.store, f.clock, f.tools, f.worker, f.ids}, f.engine.watch(), owner};
  REQUIRE_FALSE(retiming.run_once());
  f.database.run("UPDATE carillon.zone_mark SET tzdata = '1970a'");
  f.database.run("UPDATE carillon.schedule_state SET next_fire_at = next_fire_at + interval '1 h'");
  while (retiming.run_once()) {
  }
}

void settle_everything(EngineFixture& f, ByHand& worker) {
  f.scheduled(kManual);
  for (int i = 0; i < 6; ++i) f.ran("job");
  const Instant now = f.clock.now();
  const auto runs = worker.claim(now, 1h);
  REQUIRE(runs.size() == 6);
  std::vector<Settlement> ends;
  for (const RunState state :
       {RunState::succeeded, RunState::failed, RunState::cancelled, RunState::unknown, RunState::queued}) {
    Settlement end;
    end.lease = runs[ends.size()].lease;
    end.state = state;
    end.run_at = now + 24h;
    end.finished_at = now;
    if (state == RunState::succeeded) end.output = "{}";
    if (state != RunState::succeeded) end.error_class = "timeout";
    ends.push_back(end);
  }
  CHECK(worker.path.settle(ends).size() == ends.size());
  CHECK(worker.path.hand_back({runs.back().lease}).size() == 1);
}

// Workers are lost: between calls, and inside one; and a run's own deadline passes.
void lose_everything(EngineFixture& f, ByHand& worker) {
  const Instant now = f.clock.now();
  f.ran("job");
  const auto runs = worker.claim(now, -1s);
  REQUIRE(runs.size() == 2);
  CHECK(worker.path.mark({{.lease = runs[0].lease, .call_state = CallState::calling, .call_step = "send", .at = now}})
            .size() == 1);
  CHECK(worker.path.expire(worker.shards, {}).size() == 2);
  f.scheduled(R"({"name":"brittle","when":"manual","message":"x","options":{"expires":"1m"}})");
  f.ran("brittle");
  worker.claim(now + 1h, 1h);
}

// One question is answered, one is too late, and one is lost with its worker.
void ask_everything(EngineFixture& f, ByHand& worker) {
  f.scheduled(R"({"name":"curious","when":"manual","message":"x"})");
  f.ran("curious");
  const auto runs = worker.claim(f.clock.now(), 1h);
  REQUIRE(runs.size() == 1);
  QuestionRows questions{worker.path.connection(), "by hand"};
  const RunId run = runs[0].lease.id;
  for (const char* key : {"ask-1-1", "ask-1-2", "ask-1-3"})
    REQUIRE(questions.ask({runs[0].lease, key, "t.ask", "elicitation/create", R"({"message":"Well?"})", f.clock.now(),
                           f.clock.now() + 1h}));
  const json accepted{{"action", "accept"}, {"content", json::object()}};
  CHECK(f.engine.answer_question(f.caller(), {.run = run, .key = "ask-1-1", .answer = accepted}).ok());
  CHECK(questions.close({{run, "ask-1-2"}}, Unanswered::expired, f.clock.now()).size() == 1);
  f.finish({.run = "curious#1", .run_id = run.number()}, "failed", "timeout");
  CHECK(questions.close_lost(f.clock.now(), 10) == 2);
}

// A slot of each kind, an earlier run that makes room, and the end of the schedule.
void fire_everything(EngineFixture& f, ByHand& worker) {
  f.scheduled(R"({"name":"last","when":"in 10m","message":"x"})");
  f.ran("last");
  const Instant now = f.clock.now() + 1h;
  const auto due = worker.rows.due(worker.shards, now, 50);
  const auto last =
      std::find_if(due.begin(), due.end(), [](const DueSchedule& each) { return each.task_name == "last"; });
  REQUIRE(last != due.end());
  Firing firing;
  firing.due = *last;
  firing.last_slot = *last->next_fire_at;
  firing.ended = true;
  firing.fired = 1;
  firing.earlier_runs = Earlier::cancel;
  for (const RunState state : {RunState::queued, RunState::missed, RunState::skipped}) {
    FiredSlot slot;
    slot.id = f.ids.next(now);
    slot.state = state;
    slot.slot = slot.run_at = *last->next_fire_at - std::chrono::minutes{firing.slots.size()};
    if (state != RunState::queued) slot.reason = "the test wants it";
    firing.slots.push_back(slot);
  }
  CHECK(worker.rows.fire({firing}, now).runs.size() == 3);
}

// The types of the events in the outbox, each event held against the schema of its type.
std::set<std::string> fitting_types(const EngineFixture& f) {
  const auto schemas = event_schemas();
  std::set<std::string> types;
  const json rows =
      json::parse(f.database.ask("SELECT json_agg(json_build_array(event_type, convert_from(data, 'UTF8')::json) ORDER "
                                 "BY sequence) FROM carillon.outbox"));
  for (const auto& row : rows) {
    const std::string type = row[0];
    INFO(row.dump());
    types.insert(type);
    const auto found = schemas.find(type);
    REQUIRE(found != schemas.end());
    const auto schema = json_schema::compile(found->second, {.formats = json_schema::Formats::assert_known});
    REQUIRE(schema.ok());
    for (const auto& violation : schema->validate(row[1])) FAIL_CHECK(violation.pointer << " " << violation.message);
  }
  return types;
}

std::string printed(const std::map<std::string, json>& schemas) {
  std::ostringstream out;
  out << "# Events\n\n"
         "Printed from `schemas/events` by a test; edit the schemas, not this page. An event is a row of "
         "`carillon.outbox`, committed with\n"
         "the change that it tells of. Its `data` fits the schema of its type; one event may tell of many runs. Events "
         "that others\n"
         "tell (`publish_event`) are rows of `carillon.event`; of each, `event.published` is told here.\n\n"
         "| event | tells that | data |\n|---|---|---|\n";
  for (const auto& [name, schema] : schemas) {
    const bool runs = schema.at("properties").contains("runs");
    const json& properties =
        runs ? schema.at("properties").at("runs").at("items").at("properties") : schema.at("properties");
    std::string fields;
    for (const auto& [field, unused] : properties.items()) fields += (fields.empty() ? "" : ", ") + field;
    out << "| `" << name << "` | " << schema.at("description").get<std::string>() << " | " << (runs ? "runs: " : "")
        << fields << " |\n";
  }
  return out.str();
}

}  // namespace

TEST_CASE("every event of a command fits its published schema", "[engine][transaction]") {
  EngineFixture f;
  do_everything(f);
  CHECK(fitting_types(f) == std::set<std::string>{"event.published", "state.changed", "task.created", "task.updated",
                                                  "task.snoozed", "task.paused", "task.resumed", "task.deleted",
                                                  "pipeline.saved", "pipeline.deleted", "task.restored",
                                                  "task.run.queued", "task.run.skipped", "task.run.retried",
                                                  "task.run.cancelled", "task.run.unknown", "task.run.deleted"});
}

TEST_CASE("every event in the outbox fits the schema of its type and every type is seen", "[engine][events]") {
  EngineFixture f;
  ByHand worker{f};
  do_everything(f);
  retime(f, "by hand");
  settle_everything(f, worker);
  lose_everything(f, worker);
  ask_everything(f, worker);
  fire_everything(f, worker);
  open_breaker(f, "by hand");
  CHECK(fitting_types(f) == names(event_schemas()));
}

TEST_CASE("an event type without a schema is noticed where it is spelt", "[engine][events]") {
  const auto schemas = event_schemas();
  const auto spelt = types_in_sources();
  CHECK(spelt.size() > 10);
  for (const auto& type : spelt) {
    INFO(type);
    CHECK(schemas.count(type) == 1);
  }
  for (std::size_t i = 0; i < kRunStateNames.size(); ++i)
    if (is_final(static_cast<RunState>(i))) CHECK(schemas.count("task.run." + std::string(kRunStateNames[i])) == 1);
}

TEST_CASE("the page of events is the schemas", "[engine][events]") {
  const std::string page = printed(event_schemas());
  if (std::getenv("CARILLON_WRITE_DOCS") != nullptr) std::ofstream{kPage} << page;
  CHECK(text_of(kPage) == page);
}
