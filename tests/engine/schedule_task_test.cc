#include <thread>

#include "server/base/mask.h"
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

TEST_CASE("a task is made with what it means said back", "[engine][schedule_task]") {
  EngineFixture f;
  const TaskSaved saved = f.scheduled(R"({"name":"check-build","when":"in 20m","message":"Check the build"})");
  CHECK(saved.result == "created");
  CHECK(saved.state == "active");
  CHECK(saved.kind == "once");
  CHECK(saved.zone == "Europe/Berlin");
  CHECK(saved.durable == "daemon");
  REQUIRE(saved.next.size() == 1);
  CHECK(saved.next[0].at == f.at("2026-11-20T13:20:00Z"));
  CHECK(f.database.ask("SELECT next_fire_at AT TIME ZONE 'UTC' FROM carillon.schedule_state") == "2026-11-20 13:20:00");
  CHECK(f.count("outbox WHERE event_type = 'task.created' AND aggregate = 'task:" + std::to_string(saved.task_id) +
                "'") == 1);
  CHECK(f.count("audit WHERE action = 'schedule_task' AND actor = 'owner' AND before IS NULL AND after IS NOT NULL") ==
        1);
  CHECK(f.worker.take().schedules.size() == 1);
}

TEST_CASE("the same schedule_task again changes nothing", "[engine][schedule_task]") {
  EngineFixture f;
  const std::string arguments =
      R"({"name":"poll","when":"every 15m","tool":"everything.echo","arguments":{"message":"hi"}})";
  const TaskSaved first = f.scheduled(arguments);
  f.clock.advance(std::chrono::minutes{5});
  const TaskSaved second = f.scheduled(arguments);
  CHECK(first.result == "created");
  CHECK(second.result == "unchanged");
  CHECK(second.next[0].at == first.next[0].at);  // anchored at creation
  CHECK(f.count("task") == 1);
  CHECK(f.count("task_version") == 1);
  CHECK(f.count("outbox") == 1);
}

TEST_CASE("an ambiguous or past time saves nothing (E4)", "[engine][schedule_task]") {
  EngineFixture f;
  const auto ambiguous = f.schedule(R"({"name":"x","when":"30m","message":"x"})");
  REQUIRE_FALSE(ambiguous.ok());
  CHECK(ambiguous.error().code == ErrorCode::when_ambiguous);
  CHECK(ambiguous.error().try_instead.dump().find("in 30m") != std::string::npos);
  CHECK(ambiguous.error().try_instead.dump().find("every 30m") != std::string::npos);
  const auto past = f.schedule(R"({"name":"x","when":"2025-11-21 09:00","message":"x"})");
  REQUIRE_FALSE(past.ok());
  CHECK(past.error().code == ErrorCode::when_in_past);
  CHECK(past.error().details.dump().find("2026-11-20") != std::string::npos);
  CHECK(past.error().try_instead.dump().find("2026") != std::string::npos);
  CHECK(f.count("task") == 0);
  CHECK(f.count("outbox") == 0);
}

TEST_CASE("another definition under the same name is refused with both (E5)", "[engine][schedule_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"weekdays at 07:30","message":"x"})");
  const auto taken = f.schedule(R"({"name":"brief","when":"weekdays at 08:30","message":"x"})");
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == ErrorCode::name_taken);
  CHECK(taken.error().details["existing"]["when"] == "weekdays at 07:30");
  CHECK(taken.error().details["wanted"]["when"] == "weekdays at 08:30");
  CHECK(taken.error().details["differs_in"] == json::array({"when"}));
}

TEST_CASE("another name with the same content is created and called similar (E5)", "[engine][schedule_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"weekdays at 07:30","message":"x"})");
  const TaskSaved twin = f.scheduled(R"({"name":"daily-brief","when":"weekdays at 07:30","message":"x"})");
  CHECK(twin.result == "created");
  REQUIRE(twin.similar.size() == 1);
  CHECK(twin.similar[0].task == "brief");
  CHECK(twin.similar[0].why == "same schedule and action");
  const TaskSaved near = f.scheduled(R"({"name":"third","when":"weekdays at 07:40","message":"x"})");
  REQUIRE(near.similar.size() == 2);
  CHECK(near.similar[0].why == "same action, 10m apart");
  CHECK(f.scheduled(R"({"name":"fourth","when":"mon-fri at 07:30","message":"x"})").similar.size() == 3);
  CHECK(f.scheduled(R"({"name":"fifth","when":"weekdays at 19:30","message":"x"})").similar.empty());
}

TEST_CASE("the identical call from two hosts at once makes one task (E5)", "[engine][schedule_task]") {
  EngineFixture f;
  const std::string arguments = R"({"name":"brief","when":"every day at 07:30","message":"x"})";
  for (int round = 0; round < 5; ++round) {
    const std::string name = "brief-" + std::to_string(round);
    json given = json::parse(arguments);
    given["name"] = name;
    std::vector<std::string> results(2);
    {
      std::vector<std::jthread> hosts;
      for (auto& result : results)
        hosts.emplace_back([&f, &result, text = given.dump()] {
          const auto saved = f.schedule(text);
          result = saved ? saved->result : saved.error().message;
        });
    }
    std::sort(results.begin(), results.end());
    CHECK(results == std::vector<std::string>{"created", "unchanged"});
    CHECK(f.count("task WHERE name = '" + name + "'") == 1);
  }
}

TEST_CASE("on_conflict update makes a new version and keep leaves the old", "[engine][schedule_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"every day at 07:30","message":"x","tags":["b","a","b"]})");
  const auto kept = f.schedule(R"({"name":"brief","when":"every day at 09:00","message":"x"})", OnConflict::keep);
  REQUIRE(kept.ok());
  CHECK(kept->result == "unchanged");
  CHECK(kept->when == "every day at 07:30");
  CHECK(kept->warnings.size() == 1);
  const auto updated = f.schedule(R"({"name":"brief","when":"every day at 09:00","message":"x"})", OnConflict::update);
  REQUIRE(updated.ok());
  CHECK(updated->result == "updated");
  CHECK(updated->version == 2);
  CHECK(updated->next[0].at == f.at("2026-11-21T08:00:00Z"));
  REQUIRE(updated->changed.size() == 2);
  CHECK(updated->changed[0].field == "when");
  CHECK(updated->changed[1].field == "tags");
  CHECK(updated->changed[1].before == json::array({"a", "b"}));
  CHECK(f.count("task_version") == 2);
  CHECK(f.count("outbox WHERE event_type = 'task.updated'") == 1);
}

TEST_CASE("a one-off that is done is armed again by the same call", "[engine][schedule_task]") {
  EngineFixture f;
  f.scheduled(R"({"name":"timer","when":"in 20m","message":"x"})");
  f.database.run(
      "UPDATE carillon.task SET state = 'done'; UPDATE carillon.schedule_state SET next_fire_at = NULL, last_slot = "
      "'2026-11-20T13:20:00Z'");
  f.set_now("2026-11-20T15:00:00Z");
  const TaskSaved again = f.scheduled(R"({"name":"timer","when":"in 20m","message":"x"})");
  CHECK(again.result == "created");
  CHECK(again.state == "active");
  REQUIRE(again.next.size() == 1);
  CHECK(again.next[0].at == f.at("2026-11-20T15:20:00Z"));
}

TEST_CASE("a task can be made paused", "[engine][schedule_task]") {
  EngineFixture f;
  const TaskSaved saved = f.scheduled(R"({"name":"later","when":"every 15m","message":"x","paused":true})");
  CHECK(saved.state == "paused");
  CHECK(f.database.ask("SELECT next_fire_at FROM carillon.schedule_state").empty());
}

TEST_CASE("a retried call with the same id gets the first answer", "[engine][schedule_task][idempotency]") {
  EngineFixture f;
  const std::string arguments = R"({"name":"brief","when":"in 20m","message":"x","client_generated_id":"abc"})";
  const TaskSaved first = f.scheduled(arguments);
  f.clock.advance(std::chrono::minutes{10});
  f.database.run("UPDATE carillon.task SET description = 'changed meanwhile'");
  const TaskSaved replayed = f.scheduled(arguments);
  CHECK(replayed.result == "created");
  CHECK(replayed.at == first.at);
  CHECK(replayed.next[0].at == first.next[0].at);
  CHECK(f.count("outbox") == 1);
  const auto other = f.schedule(R"({"name":"brief","when":"in 30m","message":"x","client_generated_id":"abc"})");
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().code == ErrorCode::idempotency_mismatch);
  CHECK(other.error().pointer == "/client_generated_id");
}

TEST_CASE("a refused command does not use up its id", "[engine][idempotency]") {
  EngineFixture f;
  RunNow command{.key = {.client_generated_id = "k", .content = "{}"}, .task = "later"};
  CHECK(f.engine.run_now(f.caller(), command).error().code == ErrorCode::unknown_name);
  f.scheduled(R"({"name":"later","when":"manual","message":"x"})");
  const auto started = f.engine.run_now(f.caller(), command);
  REQUIRE(started.ok());
  CHECK(f.engine.run_now(f.caller(), command)->run == started->run);
  CHECK(f.count("run_ready") == 1);
  // The same id for another command is another content.
  CHECK(f.engine.cancel_run(f.caller(), {.key = command.key, .run = started->run}).error().code ==
        ErrorCode::idempotency_mismatch);
}

TEST_CASE("the same id from two threads at once runs once", "[engine][idempotency]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x","options":{"overlap":"allow"}})");
  std::vector<std::string> runs(4);
  {
    std::vector<std::jthread> callers;
    for (auto& run : runs)
      callers.emplace_back([&] {
        const auto started =
            f.engine.run_now(f.caller(), {.key = {.client_generated_id = "one", .content = "{}"}, .task = "job"});
        run = started ? started->run : started.error().message;
      });
  }
  CHECK(runs == std::vector<std::string>(4, "job#1"));
  CHECK(f.count("run_ready") == 1);
}

TEST_CASE("an id that is no id is refused", "[engine][idempotency]") {
  EngineFixture f;
  const std::string id = GENERATE(std::string{}, std::string(201, 'x'), std::string("a\0b", 3));
  const auto refused = f.engine.run_now(f.caller(), {.key = {.client_generated_id = id, .content = ""}, .task = "x"});
  CHECK(refused.error().pointer == "/client_generated_id");
  ScheduleTask command{.key = {.client_generated_id = id, .content = ""}, .name = "x"};
  CHECK(f.engine.schedule_task(f.caller(), command).error().pointer == "/client_generated_id");
}

TEST_CASE("arguments are checked against the downstream schema when the task is made", "[engine][schedule_task]") {
  EngineFixture f;
  auto [arguments, code, pointer] = GENERATE(table<std::string, ErrorCode, std::string>({
      {R"({"name":"a","when":"in 5m","tool":"everything.ecko"})", ErrorCode::unknown_tool, "/tool"},
      {R"({"name":"a","when":"in 5m","tool":"everything.echo","arguments":{"message":1}})",
       ErrorCode::arguments_invalid, "/arguments/message"},
      {R"({"name":"a","when":"in 5m","tool":"everything.echo"})", ErrorCode::arguments_invalid, "/arguments"},
      {R"({"name":"a","when":"in 5m","steps":[{"id":"s","uses":"everything.none"}]})", ErrorCode::unknown_tool,
       "/steps/0/uses"},
      {R"({"name":"a","when":"in 5m","steps":[{"id":"s","uses":"everything.echo","with":{"message":5}}]})",
       ErrorCode::arguments_invalid, "/steps/0/with/message"},
  }));
  CAPTURE(arguments);
  const auto refused = f.schedule(arguments);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == code);
  CHECK(refused.error().pointer == pointer);
  CHECK(f.count("task") == 0);
}

TEST_CASE("a task needs the scopes that servers.json asks for its tools", "[engine][schedule_task]") {
  EngineFixture f;
  const char* guarded = R"({"name":"a","when":"in 5m","tool":"everything.guarded","arguments":{"message":"hi"}})";
  const Caller lacking = f.caller_without(Scope::admin);
  const auto refused = f.schedule_as(lacking, guarded);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  CHECK(refused.error().pointer == "/tool");
  CHECK(refused.error().message.find("\"admin\"") != std::string::npos);
  CHECK(refused.error().message.find("everything.guarded") != std::string::npos);
  CHECK(refused.error().details["missing"] == json::array({"admin"}));
  const auto in_step = f.schedule_as(
      lacking,
      R"({"name":"a","when":"in 5m","steps":[{"id":"s","uses":"everything.guarded","with":{"message":"${input}"}}]})");
  REQUIRE_FALSE(in_step.ok());
  CHECK(in_step.error().pointer == "/steps/0/uses");
  CHECK(f.count("task") == 0);
  CHECK(f.schedule(guarded).ok());
  CHECK(f.database.ask("SELECT array_to_string(scopes, ' ') FROM carillon.task_version") ==
        "read schedule run pipelines approve state events tools admin");
}

TEST_CASE("a version keeps the scopes of whoever wrote it for its runs", "[engine][schedule_task]") {
  EngineFixture f;
  f.tools.away = "remote";  // what it asks for cannot be known now
  REQUIRE(f.schedule_as(f.caller_without(Scope::admin), R"({"name":"a","when":"in 5m","tool":"remote.x"})").ok());
  CHECK(f.count("task_version WHERE 'tools' = ANY (scopes) AND NOT 'admin' = ANY (scopes)") == 1);
  REQUIRE(f.engine.call_tool(f.caller(), {.tool = "everything.echo", .arguments = {{"message", "hi"}}}).ok());
  CHECK(f.count("task_version WHERE scopes IS NULL") == 1);  // each of its runs was checked when it was asked for
}

TEST_CASE("what cannot be checked now is saved with a warning", "[engine][schedule_task]") {
  EngineFixture f;
  f.tools.away = "remote";
  const TaskSaved saved = f.scheduled(
      R"({"name":"a","when":"in 5m","steps":[{"id":"s","uses":"remote.x"},{"id":"t","uses":"remote.y","with":{"m":"${steps.s}"}}]})");
  REQUIRE(saved.warnings.size() == 1);
  CHECK(saved.warnings[0].find("remote") != std::string::npos);
  CHECK(f.tools.described == 1);  // asked once, not once a step
  // Templates are judged when they are filled in; a broken schema is the server's matter.
  CHECK(
      f.scheduled(
           R"({"name":"b","when":"in 5m","steps":[{"id":"s","uses":"everything.echo","with":{"message":["${input}"]}}]})")
          .warnings.empty());
  CHECK(f.scheduled(R"({"name":"c","when":"in 5m","tool":"everything.odd","arguments":{"x":1}})").warnings.empty());
}

TEST_CASE("a tool that is told is checked as one that is called", "[engine][schedule_task]") {
  EngineFixture f;
  const auto told = [&](const std::string& target, const Caller& who) {
    return f.schedule_as(who, R"({"name":"t)" + std::to_string(f.count("task")) +
                                  R"(","when":"manual","message":"m","notify":[)" + json(target).dump() + "]}");
  };
  const Caller owner = f.caller();
  CHECK(told("everything.echo", owner)->warnings.empty());
  const auto at_notify = [&](const std::string& target, const Caller& who) {
    const auto refused = told(target, who);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().pointer.starts_with("/notify"));
    return refused.error().code;
  };
  CHECK(at_notify("everything.ecko", owner) == ErrorCode::unknown_tool);
  CHECK(at_notify(R"(everything.echo {"loud":true})", owner) == ErrorCode::arguments_invalid);
  CHECK(at_notify(R"(everything.echo {"message":"hi"})", owner) == ErrorCode::arguments_invalid);
  CHECK(at_notify("everything.guarded", f.caller_without(Scope::admin)) == ErrorCode::not_allowed);
  const auto refused = f.update("t0", R"({"notify":["everything.ecko"]})");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::unknown_tool);
  f.tools.away = "gone";
  CHECK(told("gone.send", owner)->warnings.at(0).find("gone") != std::string::npos);
}

TEST_CASE("a target to which nothing is delivered from here is warned about", "[engine][schedule_task]") {
  EngineFixture f;
  EngineOptions options{.zone = "Europe/Berlin"};
  options.undeliverable = [](TargetKind kind) -> std::optional<std::string> {
    if (kind == TargetKind::email) return "no mail server is configured";
    return std::nullopt;
  };
  Engine engine{{f.store, f.clock, f.tools, f.worker, f.ids}, options};
  const auto saved = [&](const json& arguments) {
    return engine
        .schedule_task(f.caller(), {.name = "a", .draft = *read_draft(arguments), .on_conflict = OnConflict::update})
        ->warnings;
  };
  CHECK(saved({{"when", "manual"}, {"message", "m"}, {"notify", {"session"}}}).empty());
  const std::vector<std::string> warned{"notify email: no mail server is configured"};
  CHECK(saved({{"when", "manual"}, {"message", "m"}, {"notify", {"session", "email:a@b.org", "email:c@b.org"}}}) ==
        warned);
  const UpdateTask update{.task = "a", .changes = *read_draft({{"notify", {"email:d@b.org"}}})};
  CHECK(engine.update_task(f.caller(), update)->warnings == warned);
}

TEST_CASE("what is wrong in a definition is refused where it is wrong", "[engine][schedule_task]") {
  EngineFixture f;
  auto [arguments, code, pointer] = GENERATE(table<std::string, ErrorCode, std::string>({
      {R"({"name":"","when":"in 5m","message":"x"})", ErrorCode::arguments_invalid, "/name"},
      {R"({"name":" a","when":"in 5m","message":"x"})", ErrorCode::arguments_invalid, "/name"},
      {R"({"name":"a#1","when":"in 5m","message":"x"})", ErrorCode::arguments_invalid, "/name"},
      {R"({"name":"a\u0007","when":"in 5m","message":"x"})", ErrorCode::arguments_invalid, "/name"},
      {R"({"name":"call","when":"in 5m","message":"x"})", ErrorCode::arguments_invalid, "/name"},
      {R"({"name":"a","message":"x"})", ErrorCode::arguments_invalid, "/when"},
      {R"({"name":"a","when":"in 5m"})", ErrorCode::one_action_needed, ""},
      {R"({"name":"a","when":"in 5m","timezone":"Europe/Berlim","message":"x"})", ErrorCode::unknown_zone, "/timezone"},
      {R"({"name":"a","when":"in 5m","message":"x","arguments":{}})", ErrorCode::arguments_invalid, "/arguments"},
      {R"({"name":"a","when":"in 5m","message":"x","deadline":"soon"})", ErrorCode::arguments_invalid, "/deadline"},
      {R"({"name":"a","when":"in 5m","message":"x","deadline":"0s"})", ErrorCode::arguments_invalid, "/deadline"},
      {R"({"name":"a","when":"in 5m","message":"x","dedupe":{"window":"5m"}})", ErrorCode::arguments_invalid,
       "/dedupe/key"},
      {R"({"name":"a","when":"in 5m","message":"x","dedupe":{"key":"k"}})", ErrorCode::arguments_invalid,
       "/dedupe/window"},
      {R"({"name":"a","when":"in 5m","message":"x","dedupe":{"key":"k","window":"x"}})", ErrorCode::arguments_invalid,
       "/dedupe/window"},
      {R"({"name":"a","when":"in 5m","message":"x","dedupe":{"kee":"k"}})", ErrorCode::arguments_invalid,
       "/dedupe/kee"},
      {R"({"name":"a","when":"in 5m","message":"x","options":{"until":"yesterday"}})", ErrorCode::when_in_past,
       "/options/until"},
      {R"({"name":"a","when":"in 5m","message":"x","options":{"until":"soon"}})", ErrorCode::arguments_invalid,
       "/options/until"},
      {R"({"name":"a","when":"in 5m","message":"x","options":{"start":"soon"}})", ErrorCode::arguments_invalid,
       "/options/start"},
      {R"({"name":"a","when":"every day at 07:30","message":"x","options":{"until":"today 20:00"}})",
       ErrorCode::never_fires, "/options/until"},
      {R"({"name":"a","when":"15m after each run","message":"x","options":{"calendars":["holidays"]}})",
       ErrorCode::arguments_invalid, "/options/calendars"},
      {R"({"name":"a","when":"after etl succeeds","message":"x","options":{"max_catch_up":3}})",
       ErrorCode::arguments_invalid, "/options/max_catch_up"},
      {R"({"name":"a","when":"in 5m","message":"x","options":{"start":"tomorrow"}})", ErrorCode::never_fires,
       "/options/start"},
  }));
  CAPTURE(arguments);
  const auto refused = f.schedule(arguments);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == code);
  CHECK(refused.error().pointer == pointer);
  CHECK(f.count("task") == 0);
}

TEST_CASE("bounds and the long form of a schedule are kept", "[engine][schedule_task]") {
  EngineFixture f;
  const TaskSaved bounded = f.scheduled(
      R"({"name":"a","when":"every day at 07:30","message":"x","options":{"start":"2026-12-01","until":"2026-12-02 12:00"}})");
  REQUIRE(bounded.next.size() == 2);
  CHECK(bounded.next[0].at == f.at("2026-12-01T06:30:00Z"));
  const TaskSaved long_form = f.scheduled(
      R"({"name":"b","schedule_kind":"cron","schedule_expr":"30 8 * * 1-5","timezone":"Europe/Chisinau","message":"x"})");
  CHECK(long_form.kind == "cron");
  CHECK(long_form.next[0].at == f.at("2026-11-23T06:30:00Z"));
  CHECK(
      f.scheduled(
           R"({"name":"b","schedule_kind":"cron","schedule_expr":"30 8 * * 1-5","timezone":"Europe/Chisinau","message":"x"})")
          .result == "unchanged");
  CHECK(f.scheduled(R"({"name":"c","when":"manual","message":"x","options":{"until":"2026-12-02"}})").next.empty());
}

TEST_CASE("a secret is in no event and in no audit row", "[engine][schedule_task]") {
  EngineFixture f;
  const std::string secret = "sesame-of-ours";
  register_secret(secret);
  f.scheduled(R"({"name":"sesame-of-ours","when":"manual","message":"x","description":"sesame-of-ours"})");
  for (const char* place : {"outbox WHERE position('sesame' IN convert_from(data, 'UTF8')) > 0",
                            "audit WHERE position('sesame' IN convert_from(coalesce(before, ''), 'UTF8') || "
                            "convert_from(coalesce(after, ''), 'UTF8')) > 0"})
    CHECK(f.database.ask("SELECT count(*) FROM carillon." + std::string{place}) == "0");
  CHECK(f.database.ask("SELECT count(*) > 0 FROM carillon.audit WHERE position('[masked]' IN convert_from(after, "
                       "'UTF8')) > 0") == "t");
  forget_secret(secret);
}

TEST_CASE("a host that will close is warned about", "[engine][schedule_task]") {
  EngineFixture f;
  Engine in_process{{f.store, f.clock, f.tools, f.worker, f.ids}, {.zone = "UTC", .durable = "host_only"}};
  ScheduleTask command{.name = "a", .draft = *read_draft({{"when", "every 15m"}, {"message", "x"}})};
  const auto saved = in_process.schedule_task(f.caller(), command);
  REQUIRE(saved.ok());
  CHECK(saved->durable == "host_only");
  CHECK(saved->warnings.size() == 1);
}

TEST_CASE("a dry run says what would become of a task and leaves nothing behind", "[engine][schedule_task]") {
  EngineFixture f;
  const auto tried = [&](const std::string& when, OnConflict on_conflict = OnConflict::error) {
    ScheduleTask command{.key = {.client_generated_id = "tried " + when, .content = when},
                         .name = "x",
                         .draft = *read_draft({{"when", when}, {"message", "hi"}}),
                         .on_conflict = on_conflict,
                         .dry_run = true};
    return f.engine.schedule_task(f.caller(), command);
  };
  const auto rows = [&] {
    return f.count("task") + f.count("task_version") + f.count("outbox") + f.count("audit") + f.count("idempotency");
  };
  const auto none = rows();
  CHECK(tried("every 5m")->result == "created");
  CHECK(tried("every 5m")->dry_run);
  CHECK(tried("on webhook")->new_webhook.empty());
  CHECK(rows() == none);
  CHECK(f.worker.take().schedules.empty());
  CHECK_FALSE(f.scheduled(R"({"name":"x","when":"every 5m","message":"hi"})").dry_run);
  const auto before = rows();
  CHECK(tried("every 5m")->result == "unchanged");
  CHECK(tried("every 6m").error().code == ErrorCode::name_taken);
  CHECK(tried("every 6m", OnConflict::update)->result == "updated");
  CHECK(tried("30m").error().code == ErrorCode::when_ambiguous);
  CHECK(rows() == before);
}
