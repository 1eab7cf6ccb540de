#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

const char* const kEcho = R"([{"id":"one","uses":"everything.echo","with":{"message":"${input.word}"}}])";

Result<PipelineSaved> save(EngineFixture& f, const std::string& name, const std::string& steps,
                           SavePipeline more = {}) {
  more.name = name;
  if (!steps.empty()) more.steps = json::parse(steps);
  return f.engine.save_pipeline(f.caller(), more);
}

PipelineSaved saved(EngineFixture& f, const std::string& name, const std::string& steps, SavePipeline more = {}) {
  auto done = save(f, name, steps, std::move(more));
  if (!done) FAIL(done.error().pointer + " " + done.error().message);
  return *done;
}

json schema(const std::string& text) { return json::parse(text); }

const char* const kWord =
    R"({"type":"object","required":["word"],"properties":{"word":{"type":"string"},"times":{"type":"integer","default":2}}})";

// Nothing of a pipeline was kept.
void check_nothing_saved(const EngineFixture& f) {
  CHECK(f.count("pipeline_version") == 0);
  CHECK(f.count("task") == 0);
  CHECK(f.count("outbox") == 0);
}

}  // namespace

TEST_CASE("a pipeline is saved with its order and the tools that it calls", "[engine][save_pipeline]") {
  EngineFixture f;
  const auto done = saved(f, "brief", R"([
    {"id":"a","uses":"everything.echo","with":{"message":"x"}},
    {"id":"b","uses":"everything.echo","with":{"message":"y"},"needs":[]},
    {"id":"c","wait":"1s","needs":["a","b"]}])");
  CHECK(done.result == "created");
  CHECK(done.version == 1);
  CHECK(done.order == std::vector<std::vector<std::string>>{{"a", "b"}, {"c"}});
  REQUIRE(done.tools.size() == 1);
  CHECK(done.tools[0].tool == "everything.echo");
  CHECK(done.tools[0].effect == "read");
  CHECK(done.tools[0].steps == std::vector<std::string>{"a", "b"});
  CHECK(f.count("outbox WHERE event_type = 'pipeline.saved'") == 1);
  CHECK(f.count("audit WHERE subject = 'pipeline:brief'") == 1);
}

TEST_CASE("the same content is the same version and other content the next", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  const auto again = saved(f, "brief", kEcho);
  CHECK(again.result == "unchanged");
  CHECK(again.version == 1);
  const auto next = saved(f, "brief", R"([{"id":"one","uses":"everything.echo","with":{"message":"${input.words}"}}])");
  CHECK(next.result == "updated");
  CHECK(next.version == 2);
  CHECK(next.changed == std::vector<std::string>{R"(steps.one.with.message: "${input.word}" → "${input.words}")"});
  CHECK(f.count("pipeline_version") == 2);
}

TEST_CASE("an older version's content saved again is the newest version", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  saved(f, "brief", R"([{"id":"two","uses":"everything.echo","with":{"message":"y"}}])");
  const auto back = saved(f, "brief", "", {.from_template = "brief@1"});
  CHECK(back.version == 3);
  CHECK(back.changed == std::vector<std::string>{"steps.one: added", "steps.two: removed"});
  CHECK(
      f.count("pipeline_version WHERE checksum = (SELECT checksum FROM carillon.pipeline_version WHERE version = 1)") ==
      2);
}

TEST_CASE("who expects another version is told what differs", "[engine][save_pipeline]") {
  EngineFixture f;
  const auto missing = save(f, "brief", kEcho, {.expected_version = 1});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::version_conflict);
  check_nothing_saved(f);
  saved(f, "brief", kEcho, {.expected_version = 0});
  saved(f, "brief", R"([{"id":"one","uses":"everything.echo","with":{"message":"y"}}])", {.expected_version = 1});
  const auto late = save(f, "brief", R"([{"id":"one","wait":"1s"}])", {.expected_version = 1});
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::version_conflict);
  CHECK(late.error().pointer == "/expected_version");
  CHECK(late.error().details["current_version"] == 2);
  CHECK(late.error().details["difference"] == json{R"(steps.one.with.message: "${input.word}" → "y")"});
  CHECK(f.count("pipeline_version") == 2);
}

TEST_CASE("a dry run says what would be saved and saves nothing", "[engine][save_pipeline]") {
  EngineFixture f;
  const auto done = saved(f, "brief", kEcho, {.dry_run = true});
  CHECK(done.result == "created");
  CHECK(done.dry_run);
  check_nothing_saved(f);

  saved(f, "brief", kEcho);
  const auto next = saved(f, "brief", R"([{"id":"one","wait":"1s"}])", {.dry_run = true});
  CHECK(next.result == "updated");
  CHECK(next.version == 2);
  CHECK(f.count("pipeline_version") == 1);
}

TEST_CASE("a repeated save gives the first answer", "[engine][save_pipeline]") {
  EngineFixture f;
  const CommandKey key{.client_generated_id = "s-1", .content = "{}"};
  CHECK(saved(f, "brief", kEcho, {.key = key}).result == "created");
  CHECK(saved(f, "brief", kEcho, {.key = key}).result == "created");
  CHECK(f.count("pipeline_version") == 1);
}

TEST_CASE("what is unfit is refused at its place and nothing is half saved", "[engine][save_pipeline]") {
  EngineFixture f;
  const auto [steps, pointer, words] = GENERATE(table<std::string, std::string, std::string>({
      {R"([{"id":"a","wait":"1s","needs":["b"]},{"id":"b","wait":"1s","needs":["a"]}])", "/steps/0/needs",
       "wait for each other: a after b after a"},
      {R"([{"id":"a","wait":"1s","needs":["z"]}])", "/steps/0/needs/0", "there is no step \"z\""},
      {R"([{"id":"a","uses":"nobody.knows"}])", "/steps/0/uses", "no server offers"},
      {R"([{"id":"a","uses":"everything.echo","with":{"message":7}}])", "/steps/0/with/message", "must be a string"},
      {R"([{"id":"a","uses":"everything.echo","with":{"message":"${steps.."}}])", "/steps/0/with/message", ""},
      {R"([{"id":"a","uses":"everything.echo","withh":{}}])", "/steps/0/withh", "with"},
      {R"([{"id":"a\u0000b","wait":"1s"}])", "/steps/0/id", ""},
      {R"([])", "/steps", ""},
      {R"([{"id":"a","agent":{"name":"x","prompt":"y"},"sensitive":["/x"]}])", "/steps/0/sensitive", ""},
      {R"([{"id":"a","map":[1],"do":[{"id":"a","wait":"1s"}]}])", "/steps/0/do/0/id", ""},
  }));
  INFO(steps);
  const auto done = save(f, "brief", steps);
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().pointer == pointer);
  CHECK_THAT(done.error().message, Catch::Contains(words));
  check_nothing_saved(f);
}

TEST_CASE("what a tool knows of arguments is asked before and after templates are filled in",
          "[engine][save_pipeline]") {
  EngineFixture f;
  f.tools.tools.at("everything.echo").check = [](const json& arguments) -> Status {
    if (arguments.value("message", "") != "forbidden") return Done{};
    return Error{ErrorCode::not_allowed, "nobody says that", "/message"};
  };
  const std::string more = GENERATE("", R"(,"more":"${input.x}")");
  const auto steps = [&](const char* said) {
    return R"([{"id":"a","uses":"everything.echo","with":{"message":")" + std::string(said) + '"' + more + "}}]";
  };
  CHECK(save(f, "brief", steps("allowed")).ok());
  const auto refused = save(f, "other", steps("forbidden"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  CHECK(refused.error().pointer == "/steps/0/with/message");
  CHECK(refused.error().details["tool"] == "everything.echo");
}

TEST_CASE("every tool that is unfit is told at once", "[engine][save_pipeline]") {
  EngineFixture f;
  const auto done = save(f, "brief", R"([{"id":"a","uses":"nobody.knows"},
      {"id":"b","uses":"everything.echo","with":{"message":7}}])");
  REQUIRE_FALSE(done.ok());
  REQUIRE(done.error().details["problems"].size() == 2);
  CHECK(done.error().details["problems"][1]["pointer"] == "/steps/1/with/message");
}

TEST_CASE("definitions that are huge or deep are refused before they cost anything", "[engine][save_pipeline]") {
  EngineFixture f;
  json huge = json::parse(kEcho);
  huge[0]["with"]["message"] = std::string(10'000'000, 'x');
  SavePipeline command{.name = "huge", .steps = huge};
  const auto large = f.engine.save_pipeline(f.caller(), command);
  REQUIRE_FALSE(large.ok());
  CHECK(large.error().code == ErrorCode::too_large);
  json deep = json::parse(R"([{"id":"s0","wait":"1s"}])");
  for (int depth = 1; depth < 100; ++depth)
    deep = json::array({{{"id", "s" + std::to_string(depth)}, {"sequence", deep}}});
  const auto nested = f.engine.save_pipeline(f.caller(), {.name = "deep", .steps = deep});
  REQUIRE_FALSE(nested.ok());
  CHECK_THAT(nested.error().pointer, Catch::StartsWith("/steps/0/sequence"));
  check_nothing_saved(f);
}

TEST_CASE("a NUL in a value is data and in a description it is refused", "[engine][save_pipeline]") {
  EngineFixture f;
  const std::string nul(1, '\0');
  const auto refused = save(f, "brief", kEcho, {.description = "a" + nul});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == "/description");
  check_nothing_saved(f);
  saved(f, "brief", R"([{"id":"one","uses":"everything.echo","with":{"message":"a\u0000b"}}])");
  const auto page = f.engine.list_pipelines(f.caller(), {.names = {"brief"}});
  REQUIRE(page.ok());
  CHECK(page->details[0].definition["steps"][0]["with"]["message"] == "a" + nul + "b");
}

TEST_CASE("tasks and pipelines share their names", "[engine][save_pipeline]") {
  EngineFixture f;
  f.scheduled(R"({"name":"brief","when":"manual","message":"x"})");
  const auto taken = save(f, "brief", kEcho);
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == ErrorCode::name_taken);
  saved(f, "digest", kEcho);
  const auto task = f.schedule(R"({"name":"digest","when":"manual","message":"x"})");
  REQUIRE_FALSE(task.ok());
  CHECK(task.error().code == ErrorCode::name_taken);
  CHECK_FALSE(save(f, "a@1", kEcho).ok());
  CHECK_FALSE(save(f, "a#1", kEcho).ok());
}

TEST_CASE("who saves steps must be allowed what they do", "[engine][save_pipeline]") {
  EngineFixture f;
  const auto done = f.engine.save_pipeline(
      f.caller_without(Scope::admin),
      {.name = "brief", .steps = schema(R"([{"id":"a","uses":"everything.guarded","with":{"message":"x"}}])")});
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().code == ErrorCode::not_allowed);
  CHECK(done.error().pointer == "/steps/0/uses");
}

TEST_CASE("a server that is away makes a warning", "[engine][save_pipeline]") {
  EngineFixture f;
  f.tools.away = "everything";
  const auto done = saved(f, "brief", kEcho);
  REQUIRE(done.warnings.size() == 1);
  CHECK_THAT(done.warnings[0], Catch::Contains("everything"));
  CHECK(done.tools[0].effect.empty());
}

TEST_CASE("a task follows the latest version unless it names one", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  f.scheduled(R"({"name":"follows","when":"every day at 07:30","pipeline":"brief","input":{"word":"a"}})");
  f.scheduled(R"({"name":"stays","when":"every day at 07:40","pipeline":"brief@1","input":{"word":"b"}})");
  const RunStarted before = f.ran("follows");
  const auto next = saved(f, "brief", R"([{"id":"two","uses":"everything.echo","with":{"message":"${input.word}"}}])");
  CHECK(next.tasks == std::vector<std::string>{"follows"});
  const auto steps = [&](const std::string& task) {
    return f.engine.get_task(f.caller(), {.task = task})->definition.action.steps[0]["id"];
  };
  CHECK(steps("follows") == "two");
  CHECK(steps("stays") == "one");
  const auto input = f.engine.get_task(f.caller(), {.task = "follows"})->definition.action.input;
  CHECK(input == json{{"word", "a"}});
  // The run that had begun keeps what it began with; the next slot has the new.
  CHECK(f.engine.get_run(f.caller(), {.run = before.run})->action["steps"][0]["id"] == "one");
  CHECK(f.engine.get_run(f.caller(), {.run = f.ran("follows").run})->action["steps"][0]["id"] == "two");
  CHECK(f.count("schedule_state s JOIN carillon.task t USING (task_id) WHERE t.name = 'follows' AND s.task_version = 2 "
                "AND s.next_fire_at IS NOT NULL") == 1);
  CHECK(
      f.schedule(R"({"name":"follows","when":"every day at 07:30","pipeline":"brief","input":{"word":"a"}})")->result ==
      "unchanged");
}

TEST_CASE("a task says which version it runs and can be given another", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  saved(f, "brief", R"([{"id":"two","uses":"everything.echo","with":{"message":"y"}}])");
  CHECK(f.scheduled(R"({"name":"t","when":"manual","pipeline":"brief","input":{"word":"a"}})").action["pipeline"] ==
        json::parse(R"({"id":)" +
                    std::to_string(f.scheduled(R"({"name":"u","when":"manual","pipeline":"brief"})")
                                       .action["pipeline"]["id"]
                                       .get<std::int64_t>()) +
                    R"(,"name":"brief","version":2,"latest":true})"));
  const auto changed = f.update("t", R"({"pipeline":"brief@1"})");
  REQUIRE(changed.ok());
  REQUIRE(changed->changed.size() == 1);
  CHECK(changed->changed[0].before == "brief@2");
  CHECK(changed->changed[0].after == "brief@1");
  CHECK(changed->action["input"] == json{{"word", "a"}});
  CHECK(f.update("t", R"({"pipeline":"brieff"})").error().details["nearest"] == json{"brief"});
  CHECK_THAT(f.update("t", R"({"pipeline":"brief@9"})").error().message, Catch::Contains("its latest is 2"));
  CHECK(f.update("t", R"({"pipeline":"brief@x"})").error().pointer == "/pipeline");
}

TEST_CASE("an input is filled with defaults and checked when a task is saved and when it runs",
          "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho, {.inputs = schema(kWord)});
  const auto unfit = f.schedule(R"({"name":"t","when":"every 1h","pipeline":"brief","input":{"word":7}})");
  REQUIRE_FALSE(unfit.ok());
  CHECK(unfit.error().pointer == "/input/word");
  CHECK_FALSE(f.schedule(R"({"name":"t","when":"every 1h","pipeline":"brief"})").ok());
  CHECK(f.schedule(R"({"name":"by-hand","when":"manual","pipeline":"brief"})").ok());
  CHECK(f.engine.run_now(f.caller(), {.task = "by-hand"}).error().pointer == "/input");
  CHECK(f.engine.run_now(f.caller(), {.task = "by-hand", .input = json{{"word", 7}}}).error().pointer == "/input/word");
  const auto run = f.engine.run_now(f.caller(), {.task = "by-hand", .input = json{{"word", "x"}}});
  REQUIRE(run.ok());
  CHECK(f.engine.get_run(f.caller(), {.run = run->run})->action["input"] == json{{"word", "x"}, {"times", 2}});
  CHECK(f.schedule(R"({"name":"hook","when":"on webhook","pipeline":"brief"})").ok());
}

TEST_CASE("a new version to which the input of a task does not fit says so", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  f.scheduled(R"({"name":"t","when":"every 1h","pipeline":"brief","input":{"words":1}})");
  const auto next = saved(f, "brief", kEcho, {.inputs = schema(kWord)});
  REQUIRE(next.warnings.size() == 1);
  CHECK_THAT(next.warnings[0], Catch::Contains("task t"));
}

TEST_CASE("a pipeline is run under its own name and in the version that is named", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho, {.inputs = schema(kWord)});
  saved(f, "brief", R"([{"id":"two","uses":"everything.echo","with":{"message":"y"}}])");
  const auto run = f.engine.run_now(f.caller(), {.pipeline = "brief@1", .input = json{{"word", "x"}}});
  REQUIRE(run.ok());
  CHECK(run->run == "brief#1");
  CHECK(f.engine.get_run(f.caller(), {.run = "brief#1"})->action["steps"][0]["id"] == "one");
  CHECK(f.engine.run_now(f.caller(), {.pipeline = "brief"})->run == "brief#2");
  CHECK(f.engine.get_run(f.caller(), {.run = "brief#2"})->action["steps"][0]["id"] == "two");
  CHECK(f.engine.run_now(f.caller(), {.task = "brief"})->run == "brief#3");
  CHECK(f.engine.run_now(f.caller(), {}).error().code == ErrorCode::arguments_invalid);
  CHECK(f.engine.run_now(f.caller(), {.task = "a", .pipeline = "b"}).error().pointer == "/pipeline");
  CHECK(f.engine.run_now(f.caller(), {.pipeline = "brie"}).error().code == ErrorCode::unknown_name);
  CHECK(f.engine.list_tasks(f.caller(), {})->total == 0);
}

TEST_CASE("the runs of a pipeline are its own and those of the tasks that run it", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  f.scheduled(R"({"name":"t","when":"manual","pipeline":"brief"})");
  f.scheduled(R"({"name":"other","when":"manual","message":"x"})");
  f.ran("t");
  f.ran("other");
  REQUIRE(f.engine.run_now(f.caller(), {.pipeline = "brief"}).ok());
  const auto page = f.engine.list_runs(f.caller(), {.pipeline = "brief"});
  REQUIRE(page.ok());
  CHECK(page->total == 2);
  REQUIRE(page->runs.size() == 2);
  CHECK(page->runs[0].run == "brief#1");
  CHECK(page->runs[1].run == "t#1");
  CHECK_FALSE(f.engine.list_runs(f.caller(), {.pipeline = "nobody"}).ok());
}

TEST_CASE("a pipeline that tasks run is not deleted and another comes back with its versions",
          "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  f.scheduled(R"({"name":"t","when":"manual","pipeline":"brief"})");
  const auto used = f.engine.delete_item(f.caller(), {.kind = "pipeline", .name = "brief"});
  REQUIRE_FALSE(used.ok());
  CHECK(used.error().code == ErrorCode::conflict);
  CHECK(used.error().details["tasks"] == json{"t"});
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "t"}).ok());
  CHECK(f.engine.delete_item(f.caller_without(Scope::pipelines), {.kind = "pipeline", .name = "brief"}).error().code ==
        ErrorCode::not_allowed);
  CHECK_FALSE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "brief"}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "pipeline", .name = "brief"}).ok());
  CHECK(f.count("outbox WHERE event_type = 'pipeline.deleted'") == 1);
  CHECK(f.engine.list_pipelines(f.caller(), {})->total == 0);
  CHECK_FALSE(f.engine.run_now(f.caller(), {.pipeline = "brief"}).ok());
  REQUIRE(f.update("brief", "{}", {.restore = true}).ok());
  CHECK(f.engine.list_pipelines(f.caller(), {})->total == 1);
  CHECK(f.engine.run_now(f.caller(), {.pipeline = "brief"}).ok());
  CHECK_FALSE(f.update("brief", R"({"message":"x"})").ok());
}

TEST_CASE("a pipeline is deleted for good with its runs but not under one that is active", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  const auto run = f.engine.run_now(f.caller(), {.pipeline = "brief"});
  REQUIRE(run.ok());
  f.start(*run);
  const auto active = f.engine.delete_item(f.caller(), {.kind = "pipeline", .name = "brief", .hard = true});
  REQUIRE_FALSE(active.ok());
  CHECK(active.error().code == ErrorCode::conflict);
  CHECK_THAT(active.error().message, Catch::Contains("brief#1"));
  f.database.run("DELETE FROM carillon.run_live");
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "pipeline", .name = "brief", .hard = true}).ok());
  CHECK(f.count("pipeline_version") == 0);
  CHECK(f.count("task") == 0);
}

TEST_CASE("a template makes pipelines of its params", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(
      f, "watch", R"([{"id":"a","uses":"everything.echo","with":{"message":"${params.word} at ${now}"}},
        {"id":"b","if":"steps.a.n > params.least","wait":"1s"}])",
      {.params = schema(
           R"({"type":"object","required":["word"],"properties":{"word":{"type":"string"},"least":{"type":"integer","default":3}}})")});
  CHECK(f.engine.run_now(f.caller(), {.pipeline = "watch"}).error().code == ErrorCode::conflict);
  CHECK_FALSE(f.schedule(R"({"name":"t","when":"manual","pipeline":"watch"})").ok());
  CHECK(save(f, "mine", "", {.from_template = "watch"}).error().pointer == "/params");
  CHECK(save(f, "mine", "", {.from_template = "watch", .params = json{{"wrod", "x"}}}).error().pointer ==
        "/params/wrod");
  CHECK(save(f, "mine", "", {.from_template = "watch", .params = json{{"word", 7}}}).error().pointer == "/params/word");
  saved(f, "mine", "", {.from_template = "watch", .params = json{{"word", "${secret.x}"}}});
  const json steps = f.engine.list_pipelines(f.caller(), {.names = {"mine"}})->details[0].definition["steps"];
  CHECK(steps[0]["with"]["message"] == "$${secret.x} at ${now}");
  CHECK(steps[1]["if"] == "steps.a.n > `3`");
  CHECK(f.engine.list_pipelines(f.caller(), {})->total == 1);
  CHECK(f.engine.list_pipelines(f.caller(), {.templates = true})->pipelines[0].pipeline == "watch");
}

TEST_CASE("a pipeline that tasks run does not become a template", "[engine][save_pipeline]") {
  EngineFixture f;
  saved(f, "brief", kEcho);
  f.scheduled(R"({"name":"t","when":"manual","pipeline":"brief"})");
  const auto done = save(f, "brief", kEcho, {.params = schema(R"({"type":"object","properties":{}})")});
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().details["tasks"] == json{"t"});
}
