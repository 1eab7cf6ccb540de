// Prompt templates: how files become versions, for every tenant and beside other daemons.
#include "server/engine/prompt_templates.h"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

using Names = std::vector<std::string>;
const TenantId kDefault{"default"};

struct Templates : EngineFixture {
  PromptTemplates templates{store, clock};

  static PromptFile file(const std::string& name, const std::string& body) {
    return {{.name = name, .description = "For a test.", .body = body}, body};
  }
  std::string versions(const std::string& name) {
    return database.ask(
        "SELECT string_agg(tenant_id || ' ' || version || ' ' || template_body, ', ' ORDER BY tenant_id, version) "
        "FROM carillon.prompt_template WHERE name = '" +
        name + "'");
  }
};

}  // namespace

TEST_CASE("files become versions of every tenant and only where they changed", "[engine][prompt_templates]") {
  Templates f;
  f.database.run("INSERT INTO auth.tenant (tenant_id, title) VALUES ('acme', 'x')");
  CHECK(f.templates.save({Templates::file("a", "one"), Templates::file("b", "one")}) == Names{"a", "b"});
  CHECK(f.templates.save({Templates::file("a", "one"), Templates::file("b", "one")}).empty());
  CHECK(f.templates.save({Templates::file("a", "one"), Templates::file("b", "two")}) == Names{"b"});
  CHECK(f.versions("a") == "acme 1 one, default 1 one");
  CHECK(f.versions("b") == "acme 1 one, acme 2 two, default 1 one, default 2 two");
  const auto found = f.templates.find(kDefault, "b");
  REQUIRE(found.has_value());
  CHECK(found->version == 2);
  CHECK(*f.templates.write(found->prompt, {}) == "two");
  // A file that is gone takes nothing with it.
  CHECK(f.templates.save({}).empty());
  CHECK(f.templates.list(kDefault).size() == 2);
}

TEST_CASE("a daemon that saves at the same moment as another one loses nothing", "[engine][prompt_templates]") {
  Templates f;
  Names changed;
  std::thread other;
  f.store.in_tx(kDefault, [&](Tx& tx) {
    CHECK(PromptTemplateStore{tx}.save(kDefault, Templates::file("a", "mine"), f.clock.now()).version == 1);
    other = std::thread{[&] { changed = f.templates.save({Templates::file("a", "theirs")}); }};
    while (f.database.ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") std::this_thread::yield();
  });
  other.join();
  CHECK(changed == Names{"a"});
  CHECK(f.versions("a") == "default 1 mine, default 2 theirs");
}

TEST_CASE("daemons of the same files that start at the same moment write one version", "[engine][prompt_templates]") {
  Templates f;
  Names changed{"unasked"};
  std::thread other;
  f.store.in_tx(kDefault, [&](Tx& tx) {
    PromptTemplateStore{tx}.save(kDefault, Templates::file("a", "same"), f.clock.now());
    other = std::thread{[&] { changed = f.templates.save({Templates::file("a", "same")}); }};
    while (f.database.ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") std::this_thread::yield();
  });
  other.join();
  CHECK(changed.empty());
  CHECK(f.versions("a") == "default 1 same");
}

namespace {

// Steps or a tool that give a model the template `greet`, which wants `name`.
struct Named : Templates {
  Named() {
    ToolFacts facts;
    facts.tool = "llm.from_template";
    facts.effect = Effect::read;
    facts.input_schema = ordered_json::parse(R"({"type":"object"})");
    facts.fills_in_template = true;
    tools.tools[facts.tool] = facts;
    templates.save({greeting()});
  }
  static PromptFile greeting(PromptTemplate::Standing standing = PromptTemplate::Standing::in_use) {
    return {{.name = "greet",
             .description = "For a test.",
             .parameters = {{"name", "Whom."}, {"tone", "How.", ParameterNeed::optional}},
             .body = "Hello ${params.name}, ${params.tone || 'kindly'}.",
             .standing = standing},
            standing == PromptTemplate::Standing::in_use ? "in use" : "retired"};
  }
  static std::string with(const std::string& arguments) {
    return R"([{"id":"say","uses":"llm.from_template","with":)" + arguments + "}]";
  }
  Error refused_steps(const std::string& arguments) {
    const auto saved = schedule(R"({"name":"x","when":"manual","steps":)" + with(arguments) + "}");
    REQUIRE_FALSE(saved.ok());
    return saved.error();
  }
};

}  // namespace

TEST_CASE("a task that names a missing template is refused with the nearest name", "[engine][prompt_templates]") {
  Named f;
  const Error unknown = f.refused_steps(R"({"template":"gret","params":{"name":"Ann"}})");
  CHECK(unknown.code == ErrorCode::unknown_name);
  CHECK(unknown.pointer == "/steps/0/with/template");
  CHECK(unknown.message == "there is no prompt template \"gret\": did you mean \"greet\"?");
  CHECK(f.refused_steps(R"({"template":"greet"})").pointer == "/steps/0/with/params");
  CHECK(f.refused_steps(R"({"template":"greet","params":{"name":"${input.x}","tne":"x"}})").message.find("tone") !=
        std::string::npos);
  const auto tool = f.schedule(R"({"name":"x","when":"manual","tool":"llm.from_template",
                                   "arguments":{"template":"great","params":{}}})");
  CHECK(tool.error().pointer == "/arguments/template");
  CHECK(f.count("task WHERE name = 'x'") == 0);
  CHECK(f.schedule(R"({"name":"x","when":"manual","steps":)" +
                   Named::with(R"({"template":"greet","params":{"name":"${input.x}"}})") + "}")
            .ok());
  CHECK(f.update("x", R"({"steps":)" + Named::with(R"({"template":"gone"})") + "}").error().code ==
        ErrorCode::unknown_name);
  // What only a run knows is not looked at.
  CHECK(f.schedule(R"({"name":"y","when":"manual","steps":)" + Named::with(R"({"template":"${input.t}"})") + "}").ok());
  CHECK(f.schedule(R"({"name":"z","when":"manual","steps":)" +
                   Named::with(R"({"template":"greet","params":"${input.p}"})") + "}")
            .ok());
}

TEST_CASE("a pipeline that names a missing template is refused", "[engine][prompt_templates]") {
  Named f;
  const auto save = [&](const std::string& arguments) {
    return f.engine.save_pipeline(f.caller(), {.name = "p", .steps = json::parse(Named::with(arguments))});
  };
  const auto refused = save(R"({"template":"gret","params":{"name":"Ann"}})");
  CHECK(refused.error().pointer == "/steps/0/with/template");
  CHECK(save(R"({"template":"greet","params":{"name":"Ann"}})").ok());
}

TEST_CASE("a task whose template was retired is neither activated nor restored", "[engine][prompt_templates]") {
  Named f;
  f.scheduled(R"({"name":"x","when":"every 5m","paused":true,"tags":["t"],"steps":)" +
              Named::with(R"({"template":"greet","params":{"name":"Ann"}})") + "}");
  f.scheduled(R"({"name":"other","when":"every 5m","paused":true,"message":"hi"})");
  f.templates.save({Named::greeting(PromptTemplate::Standing::retired)});
  const auto activated = f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"other", "x"}});
  REQUIRE_FALSE(activated.ok());
  CHECK(activated.error().code == ErrorCode::unknown_name);
  CHECK(activated.error().details["task"] == "x");
  CHECK(f.count("task WHERE state = 'paused'") == 2);
  CHECK_FALSE(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tag = "t"}).ok());
  CHECK(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .tasks = {"other"}}).ok());
  // Who lifts the pause of everything is not held up by one of them; its runs say what is missing.
  CHECK(f.engine.set_task_state(f.caller(), {.state = TaskState::active, .all = true}).ok());
  REQUIRE(f.engine.delete_item(f.caller(), {.kind = "task", .name = "x"}).ok());
  CHECK(f.update("x", "{}", {.restore = true}).error().code == ErrorCode::unknown_name);
}

TEST_CASE("a tool of that name that is somebody's own may mean anything by a template", "[engine][prompt_templates]") {
  Named f;
  f.tools.tools["llm.from_template"].fills_in_template = false;
  CHECK(f.schedule(R"({"name":"x","when":"manual","steps":)" + Named::with(R"({"template":"gret"})") + "}").ok());
}

TEST_CASE("a template is filled in for a model with what is no text as JSON", "[engine][prompt_templates]") {
  Named f;
  CHECK(*f.templates.write(kDefault, "greet", {{"name", {{"a", 1}}}, {"tone", nullptr}}) == "Hello {\"a\":1}, kindly.");
  CHECK(f.templates.write(kDefault, "gret", json::object()).error().details["nearest"] == json{"greet"});
  CHECK(f.templates.write(kDefault, "greet", json::object()).error().code == ErrorCode::arguments_invalid);
}
