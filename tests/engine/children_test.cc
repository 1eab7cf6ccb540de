// Steps that run pipelines, when they are saved: what is refused, and what is said of them.
#include "server/engine/children.h"

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

const char* const kLeaf = R"([{"id":"one","uses":"everything.echo","with":{"message":"x"}}])";

std::string runs(const std::string& pipeline, const std::string& with = "{}") {
  return R"([{"id":"sub","pipeline":")" + pipeline + R"(","with":)" + with + "}]";
}

struct PipelineBench : EngineFixture {
  Result<PipelineSaved> save(const std::string& name, const std::string& steps, const std::string& inputs = {}) {
    SavePipeline command{.name = name, .steps = json::parse(steps)};
    if (!inputs.empty()) command.inputs = json::parse(inputs);
    return engine.save_pipeline(caller(), command);
  }
  PipelineSaved saved(const std::string& name, const std::string& steps, const std::string& inputs = {}) {
    auto done = save(name, steps, inputs);
    if (!done) FAIL(done.error().pointer + " " + done.error().message);
    return *done;
  }
};

}  // namespace

TEST_CASE("a step names a pipeline that there is", "[engine][children]") {
  PipelineBench f;
  f.saved("brief", kLeaf);
  SavePipeline of_template{.name = "form", .steps = json::parse(kLeaf)};
  of_template.params = R"({"type":"object","properties":{"n":{"type":"integer"}}})"_json;
  REQUIRE(f.engine.save_pipeline(f.caller(), of_template).ok());
  auto [name, code, words] = GENERATE(table<std::string, ErrorCode, std::string>({
      {"breif", ErrorCode::unknown_name, "did you mean"},
      {"brief@7", ErrorCode::unknown_name, "no version 7"},
      {"form", ErrorCode::conflict, "is a template"},
  }));
  CAPTURE(name);
  const auto refused = f.save("week", runs(name));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == code);
  CHECK(refused.error().pointer == "/steps/0/pipeline");
  CHECK(refused.error().message.find(words) != std::string::npos);
  const auto task = f.schedule(R"({"name":"job","when":"manual","steps":)" + runs(name) + "}");
  REQUIRE_FALSE(task.ok());
  CHECK(task.error().pointer == "/steps/0/pipeline");
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  CHECK(f.update("job", R"({"steps":)" + runs(name) + "}").error().pointer == "/steps/0/pipeline");
}

TEST_CASE("a pipeline that would run itself is refused with the way to itself", "[engine][children]") {
  PipelineBench f;
  f.saved("c", kLeaf);
  f.saved("b", runs("c"));
  f.saved("a", runs("b"));
  const auto circle = f.save("c", runs("a"));
  REQUIRE_FALSE(circle.ok());
  CHECK(circle.error().code == ErrorCode::arguments_invalid);
  CHECK(circle.error().pointer == "/steps/0/pipeline");
  CHECK(circle.error().message.find("c runs a, which runs b, which runs c") != std::string::npos);
  CHECK_FALSE(f.save("a", runs("a")).ok());
  CHECK_FALSE(f.save("a", runs("a@1")).ok());
}

TEST_CASE("pipelines run pipelines at most five deep", "[engine][children]") {
  PipelineBench f;
  f.saved("p0", kLeaf);
  for (int i = 1; i <= 5; ++i) f.saved("p" + std::to_string(i), runs("p" + std::to_string(i - 1)));
  const auto deep = f.save("p6", runs("p5"));
  REQUIRE_FALSE(deep.ok());
  CHECK(deep.error().message.find("at most 5 deep") != std::string::npos);
  CHECK(deep.error().pointer == "/steps/0/pipeline");
}

TEST_CASE("what a child is given is checked as far as it is known", "[engine][children]") {
  PipelineBench f;
  f.saved(
      "brief", kLeaf,
      R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"},"m":{"type":"integer","default":2}}})");
  CHECK(f.save("week", runs("brief", R"({"n":1})")).ok());
  CHECK(f.save("week", runs("brief", R"({"n":"${input.n}"})")).ok());
  const auto wrong = f.save("week", runs("brief", R"({"n":"one"})"));
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().pointer == "/steps/0/with/n");
  CHECK(f.save("week", runs("brief")).error().pointer.find("/steps/0/with") == 0);
}

TEST_CASE("policies of a call are not for a step that runs a pipeline", "[engine][children]") {
  PipelineBench f;
  f.saved("brief", kLeaf);
  const std::string member = GENERATE(R"("retry":{"max_attempts":2})", R"("sensitive":["/a"])");
  CAPTURE(member);
  const auto refused = f.save("week", R"([{"id":"sub","pipeline":"brief",)" + member + "}]");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("give it to the steps inside") != std::string::npos);
  CHECK(f.save("week", R"([{"id":"sub","pipeline":"brief","timeout":"5m","expect":"a"}])").ok());
}

TEST_CASE("who saves a step that runs a pipeline may run things", "[engine][children]") {
  PipelineBench f;
  f.saved("brief", kLeaf);
  const auto refused =
      f.engine.save_pipeline(f.caller_without(Scope::run), {.name = "week", .steps = json::parse(runs("brief"))});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::not_allowed);
  CHECK(refused.error().pointer == "/steps/0/pipeline");
}

TEST_CASE("the tools of a pipeline are those of the pipelines that it runs too", "[engine][children]") {
  PipelineBench f;
  f.saved("c", kLeaf);
  f.saved("b", runs("c"));
  const auto done =
      f.saved("a", R"([{"id":"own","uses":"everything.echo","with":{"message":"x"}},{"id":"sub","pipeline":"b"}])");
  REQUIRE(done.tools.size() == 1);
  CHECK(done.tools[0].tool == "everything.echo");
  CHECK(done.tools[0].steps == std::vector<std::string>{"own", "sub"});
}

TEST_CASE("a pipeline that steps run is neither deleted nor made a template", "[engine][children]") {
  PipelineBench f;
  f.saved("brief", kLeaf);
  f.saved("week", runs("brief@1"));
  f.scheduled(R"({"name":"job","when":"manual","steps":)" + runs("brief") + "}");
  const DeleteItem command{.kind = "pipeline", .name = "brief"};
  const auto refused = f.engine.delete_item(f.caller(), command);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().details.at("tasks") == json{"job", "week"});
  SavePipeline form{.name = "brief", .steps = json::parse(kLeaf)};
  form.params = R"({"type":"object","properties":{"n":{"type":"integer"}}})"_json;
  CHECK(f.engine.save_pipeline(f.caller(), form).error().code == ErrorCode::conflict);
  f.saved("week", kLeaf);
  f.scheduled(R"({"name":"other","when":"manual","message":"brief"})");
  REQUIRE(f.update("job", R"({"message":"x"})").ok());
  CHECK(f.engine.delete_item(f.caller(), command).ok());
}

TEST_CASE("a plan names the pipeline of a step with its version and what it does", "[engine][children]") {
  PipelineBench f;
  f.saved("c", kLeaf);
  f.saved("b", R"([{"id":"tell","event":{"type":"deploy.done"}},{"id":"sub","pipeline":"c"}])");
  const json steps =
      R"([{"id":"first","pipeline":"c","with":{}},{"id":"sub","pipeline":"b","with":{"n":"${steps.first.n}"}},
                         {"id":"last","uses":"everything.echo","with":{"message":"${steps.sub.text}"}}])"_json;
  const auto planned = f.engine.preview_plan(f.caller(), {.steps = steps});
  REQUIRE(planned.ok());
  CHECK(planned->problems.empty());
  REQUIRE(planned->plan.size() == 3);
  CHECK(planned->plan[0].kind == "pipeline");
  CHECK(planned->plan[0].target == "c@1");
  CHECK(planned->plan[0].effect == "read");
  CHECK(planned->plan[1].target == "b@1");
  CHECK(planned->plan[1].effect == "write");
  CHECK(planned->plan[1].open == std::vector<std::string>{"/n: ${steps.first.n}"});

  const auto rehearsed = f.engine.preview_plan(
      f.caller(), {.steps = steps, .stubs = R"({"first":{"n":4},"sub":{"text":"good"},"last":{}})"_json});
  REQUIRE(rehearsed.ok());
  CHECK(rehearsed->ends == "succeeded");
  CHECK(rehearsed->plan[1].arguments == json{{"n", 4}});
  const auto unknown = f.engine.preview_plan(f.caller(), {.steps = R"([{"id":"sub","pipeline":"nobody"}])"_json});
  REQUIRE(unknown.ok());
  REQUIRE_FALSE(unknown->problems.empty());
  CHECK(unknown->problems[0].find("/steps/0/pipeline: there is no pipeline") == 0);
}
