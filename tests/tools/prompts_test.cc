// Prompts and completion through their services, against the real engine and database.
#include "tools/prompt_set.h"

#include <catch2/catch.hpp>
#include <set>

#include "server/base/mask.h"
#include "tests/support/installation.h"
#include "tools/resource.h"
#include "tools/tool.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;
using Arguments = std::map<std::string, std::string>;

struct Prompts : Installation {
  transport::PromptOutcome outcome(const std::string& name, const Arguments& arguments) {
    transport::PromptOutcome answered;
    prompts.get_prompt(context(), name, arguments,
                       [&](transport::PromptOutcome given) { answered = std::move(given); });
    return answered;
  }
  std::string text(const std::string& name, const Arguments& arguments = {}) {
    auto answered = outcome(name, arguments);
    if (const auto* error = std::get_if<transport::ProtocolError>(&answered)) FAIL(error->message);
    const auto prompt = std::get<transport::PromptText>(answered);
    REQUIRE(prompt.messages.size() == 1);
    CHECK(prompt.messages[0]["role"] == "user");
    return prompt.messages[0]["content"]["text"];
  }
  json refused_prompt(const std::string& name, const Arguments& arguments) {
    const auto answered = outcome(name, arguments);
    REQUIRE(std::holds_alternative<transport::ProtocolError>(answered));
    const auto& error = std::get<transport::ProtocolError>(answered);
    CHECK(error.code == -32602);
    return error.data;
  }

  transport::CompletionOutcome completing(const transport::CompletionRequest& request) {
    transport::CompletionOutcome answered;
    completions.complete(context(), request, [&](transport::CompletionOutcome given) { answered = std::move(given); });
    return answered;
  }
  std::vector<std::string> complete_prompt(const std::string& prompt, const std::string& argument,
                                           const std::string& typed, const Arguments& others = {}) {
    return std::get<transport::Completion>(completing({.of = transport::CompletionRequest::Of::prompt,
                                                       .reference = prompt,
                                                       .argument = argument,
                                                       .value = typed,
                                                       .others = others}))
        .values;
  }
  transport::Completion complete_uri(const std::string& pattern, const std::string& variable, const std::string& typed,
                                     const Arguments& others = {}) {
    return std::get<transport::Completion>(completing({.of = transport::CompletionRequest::Of::resource_template,
                                                       .reference = pattern,
                                                       .argument = variable,
                                                       .value = typed,
                                                       .others = others}));
  }

  void schedule(const std::string& name, const std::string& when = "weekdays at 07:30",
                const json& tags = json::array()) {
    call("schedule_task", {{"name", name},
                           {"when", when},
                           {"tool", "stand_in.echo"},
                           {"arguments", {{"message", "hi"}}},
                           {"tags", tags}});
  }
  void fail_once(const std::string& task) {
    call("run_now", {{"task", task}});
    settle(task + "#1", "failed", nullptr, "timeout");
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
using Names = std::vector<std::string>;

TEST_CASE("the rows of prompts are whole and name only tools that exist", "[tools][prompts]") {
  Prompts here;
  here.schedule("morning-brief");
  here.fail_once("morning-brief");
  here.database.run("UPDATE carillon.run_history SET number = 142");
  std::set<std::string_view> names;
  for (const auto& row : all_prompts()) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.title.empty());
    CHECK(row.summary.size() > 10);
    for (const auto& argument : row.arguments) CHECK(argument.summary.size() > 10);
    // Every documented example works, is short, and carries its facts.
    const std::string whole = here.text(std::string(row.name), json::parse(row.example).get<Arguments>());
    CHECK(whole.size() <= kPromptCharsMax);
    CHECK(has(whole, "## "));
    const std::string text = whole.substr(0, whole.find("## "));  // what is ours; the facts follow
    for (std::size_t open = text.find('`'); open != std::string::npos;) {
      const std::size_t close = text.find('`', open + 1);
      REQUIRE(close != std::string::npos);
      INFO(text.substr(open + 1, close - open - 1));
      CHECK(find_tool(text.substr(open + 1, close - open - 1)) != nullptr);
      open = text.find('`', close + 1);
    }
  }
}

TEST_CASE("prompts are listed with their arguments to those who may read", "[tools][prompts]") {
  Prompts here;
  const auto listed = [&] {
    transport::Page page;
    here.prompts.list_prompts(here.context(), std::nullopt, [&](transport::PageOutcome given) {
      page = std::get<transport::Page>(std::move(given));
    });
    return page.entries;
  };
  const auto entries = listed();
  REQUIRE(entries.size() == all_prompts().size());
  CHECK(entries[0]["name"] == "morning_briefing");
  CHECK(entries[1]["arguments"][0]["name"] == "run");
  CHECK(entries[1]["arguments"][0]["required"] == true);
  here.scopes = {"run"};
  CHECK(listed().empty());
  CHECK(here.refused_prompt("weekly_report", {})["error"] == "not_allowed");
}

TEST_CASE("a briefing carries what went wrong and what is coming", "[tools][prompts]") {
  Prompts here;
  here.schedule("brief", "every day at 07:30");
  here.fail_once("brief");
  here.clock.advance(std::chrono::minutes{1});
  const std::string text = here.text("morning_briefing");
  CHECK(has(text, "brief#1 · failed"));
  CHECK(has(text, "timeout"));
  CHECK(has(text, "Sat 2026-11-21 07:30"));
  CHECK(has(here.text("morning_briefing", {{"window", "3d"}}), "Mon 2026-11-23 07:30"));
  CHECK(here.refused_prompt("morning_briefing", {{"window", "whenever"}})["pointer"] == "/to");
  // Nobody was told by get_status yet.
  CHECK(here.call("get_status", json::object())["since_last_asked"]["failed"] == 1);
}

TEST_CASE("a failure is explained with its record and its log", "[tools][prompts]") {
  Prompts here;
  here.schedule("brief");
  here.fail_once("brief");
  const std::string text = here.text("explain_failure", {{"run", "brief#1"}});
  CHECK(has(text, "diagnosis"));
  CHECK(has(text, "brief#1 failed: timeout \"it said so\""));
  CHECK(here.refused_prompt("explain_failure", {{"run", "brif#1"}})["nearest"][0] == "brief");
}

TEST_CASE("a week is reported beside the week before", "[tools][prompts]") {
  Prompts here;
  here.schedule("brief");
  here.fail_once("brief");
  here.clock.advance(std::chrono::minutes{1});
  const std::string text = here.text("weekly_report");
  const std::size_t before = text.find("## Runs of the seven days before");
  REQUIRE(before != std::string::npos);
  CHECK(has(text.substr(0, before), "failed: 1"));
  CHECK(has(text.substr(before), "failed: 0"));
}

TEST_CASE("duplicates and hopeless tasks and collisions are found", "[tools][prompts]") {
  Prompts here;
  here.schedule("one", "every day at 07:30");
  here.schedule("two", "every day at 07:30");
  here.schedule("other", "every day at 08:30");
  here.schedule("by-hand", "manual");
  here.schedule("by-hand-too", "manual");
  here.fail_once("other");
  const std::string text = here.text("tidy_schedules");
  INFO(text);
  CHECK(has(text, "- one, two (tool stand_in.echo, every day at 07:30 Europe/Berlin)"));
  CHECK_FALSE(has(text, "by-hand, by-hand-too"));
  CHECK(has(text, "- other: 1 runs, last timeout"));
  CHECK(has(text, "Sat 2026-11-21 07:30 Europe/Berlin: one, two"));
}

TEST_CASE("a plan starts from the goal and the reading of its time", "[tools][prompts]") {
  Prompts here;
  here.downstream.found.tools.push_back(
      *test::StandInTools{}.describe(TenantId{"default"}, "stand_in.echo", Duration{0}));
  const std::string text = here.text("plan_automation", {{"goal", "say hi"}, {"when", "weekdays at 09:00"}});
  CHECK(has(text, "say hi"));
  CHECK(has(text, "Mon 2026-11-23 09:00"));
  CHECK(has(text, "stand_in.echo · read · Says it again"));
  CHECK(has(here.text("plan_automation", {{"goal", "x"}, {"when", "30m"}}), "when_ambiguous"));
}

TEST_CASE("an absence shows what would run meanwhile", "[tools][prompts]") {
  Prompts here;
  here.schedule("brief", "every day at 07:30");
  const std::string text = here.text("away_mode", {{"from", "now"}, {"to", "in 3 days"}});
  CHECK(has(text, "- brief: 3 times, first Sat 2026-11-21 07:30"));
}

TEST_CASE("a crontab is read line by line and its commands stay data", "[tools][prompts]") {
  Prompts here;
  const std::string text = here.text(
      "import_crontab", {{"text", "CRON_TZ=Asia/Tokyo\n30 7 * * 1-5 report \"x\"\n61 * * * * odd\n@reboot no\n"}});
  INFO(text);
  CHECK(has(text, "- line 2: when \"cron 30 7 * * 1-5\", timezone Asia/Tokyo, reads"));
  CHECK(has(text, "Mon 2026-11-23 07:30 Asia/Tokyo"));
  CHECK(has(text, "command \"report \\\"x\\\"\""));
  CHECK(has(text, "- line 3: when \"cron 61 * * * *\", timezone Asia/Tokyo, cannot be read"));
  CHECK(has(text, "- line 4: @reboot"));
  CHECK(here.refused_prompt("import_crontab", {{"text", "# nothing\n"}})["pointer"] == "/arguments/text");
}

TEST_CASE("a prompt that cannot be made says what to change", "[tools][prompts]") {
  Prompts here;
  CHECK(here.refused_prompt("explain_failur", {})["nearest"][0] == "explain_failure");
  CHECK(here.refused_prompt("explain_failure", {})["pointer"] == "/arguments/run");
  CHECK(here.refused_prompt("explain_failure", {{"run", ""}})["pointer"] == "/arguments/run");
  CHECK(here.refused_prompt("explain_failure", {{"rum", "x#1"}})["accepted"][0] == "run");
  CHECK(here.refused_prompt("import_crontab", {{"text", std::string(70'000, 'x')}})["error"] == "too_large");
}

TEST_CASE("a prompt stays short whatever there is to tell", "[tools][prompts]") {
  Prompts here;
  for (int i = 0; i < 60; ++i)
    here.schedule("a-task-with-quite-a-long-name-" + std::to_string(i), "every day at 07:30");
  std::string crontab;
  for (int i = 0; i < 150; ++i) crontab += "0 1 * * * " + std::string(400, 'x') + "\n";
  for (const auto& [name, arguments] :
       std::vector<std::pair<std::string, Arguments>>{{"tidy_schedules", {}},
                                                      {"morning_briefing", {{"window", "7d"}}},
                                                      {"away_mode", {{"to", "30d"}}},
                                                      {"import_crontab", {{"text", crontab}}},
                                                      {"plan_automation", {{"goal", std::string(9'000, 'g')}}}}) {
    INFO(name);
    CHECK(here.text(name, arguments).size() <= kPromptCharsMax);
  }
}

TEST_CASE("a prefix goes before the tools that prompts name", "[tools][prompts]") {
  Prompts here;
  PromptSet prefixed{Ports{here.engine, here.downstream, here.pool, here.timer}, "cal_", here.prompt_templates};
  prefixed.get_prompt(here.context(), "tidy_schedules", {}, [](const transport::PromptOutcome& outcome) {
    const std::string text = std::get<transport::PromptText>(outcome).messages[0]["content"]["text"];
    CHECK(has(text, "`cal_update_task`"));
  });
}

TEST_CASE("templates are listed behind the rows and filled in for those who may read", "[tools][prompts]") {
  Prompts here;
  const PromptTemplate hello{
      .name = "hello",
      .description = "Says hello.",
      .parameters = {{"name", "Whom.", ParameterNeed::required}, {"tone", "How.", ParameterNeed::optional}},
      .body = "Hello ${params.name}, `list_tasks` is a ${params.tone || 'kind'} tool"};
  const PromptTemplate hidden{.name = "weekly_report", .description = "Not ours.", .body = "Text"};
  here.prompt_templates.save({{hello, "1"}, {hidden, "1"}});
  const auto listed = [&] {
    transport::Page page;
    here.prompts.list_prompts(here.context(), std::nullopt, [&](transport::PageOutcome given) {
      page = std::get<transport::Page>(std::move(given));
    });
    return page.entries;
  };
  REQUIRE(listed().size() == all_prompts().size() + 1);
  CHECK(json(listed().back()) == json::parse(R"({"name":"hello","description":"Says hello.","arguments":[
      {"name":"name","description":"Whom.","required":true},{"name":"tone","description":"How.","required":false}]})"));
  CHECK(here.text("hello", {{"name", "${now}"}}) == "Hello ${now}, `list_tasks` is a kind tool");
  CHECK(has(here.text("weekly_report"), "## "));
  register_secret("sesame-open");
  CHECK(here.text("hello", {{"name", "sesame-open"}, {"tone", "big"}}) == "Hello [masked], `list_tasks` is a big tool");
  forget_secret("sesame-open");

  CHECK(here.refused_prompt("hello", {})["pointer"] == "/arguments/name");
  CHECK(here.refused_prompt("hello", {{"name", "x"}, {"ton", "y"}})["accepted"] == json{"name", "tone"});
  CHECK(here.refused_prompt("hello", {{"name", std::string(64 * 1024 + 1, 'x')}})["error"] == "too_large");
  CHECK(here.refused_prompt("helo", {})["nearest"] == json{"hello"});
  CHECK(here.complete_prompt("hello", "name", "").empty());
  CHECK(
      std::holds_alternative<transport::ProtocolError>(here.completing({.of = transport::CompletionRequest::Of::prompt,
                                                                        .reference = "hello",
                                                                        .argument = "nme",
                                                                        .value = "",
                                                                        .others = {}})));
  here.scopes = {"run"};
  CHECK(listed().empty());
  CHECK(here.refused_prompt("hello", {{"name", "x"}})["error"] == "not_allowed");
}

TEST_CASE("names are completed and those first that begin with what was typed", "[tools][completion]") {
  Prompts here;
  here.schedule("report-daily", "manual", {"work", "reports"});
  here.schedule("Daily-Report", "manual", {"work"});
  here.schedule("other", "manual", {"network"});
  CHECK(here.complete_uri("task://{name}", "name", "report").values == Names{"report-daily", "Daily-Report"});
  CHECK(here.complete_uri("task://{name}/next", "name", "DAILY").values == Names{"Daily-Report", "report-daily"});
  CHECK(here.complete_uri("task://{name}", "name", "").total == 3U);
  CHECK(here.complete_uri("task://{name}", "name", "100%").values.empty());
  CHECK(here.complete_uri("task://{name}", "name", std::string("a\0b", 3)).values.empty());
}

TEST_CASE("keys of the shared state are completed within their namespace", "[tools][completion]") {
  Prompts here;
  for (const char* key : {"build/main", "build/next", "deploy"})
    here.call("set_state", {{"key", key}, {"op", "set"}, {"value", "1"}});
  here.call("set_state", {{"key", "build/other"}, {"namespace", "n s"}, {"op", "acquire"}});
  const char* pattern = "state://{namespace}/{key}";
  CHECK(here.complete_uri(pattern, "key", "build/").values == Names{"build/main", "build/next"});
  CHECK(here.complete_uri(pattern, "key", "b", {{"namespace", "n s"}}).values == Names{"build/other"});
  CHECK(here.complete_uri(pattern, "key", "a\tb").values.empty());
  CHECK(here.complete_uri(pattern, "namespace", "n").values.empty());
}

TEST_CASE("runs and their steps are completed", "[tools][completion]") {
  Prompts here;
  here.schedule("alpha");
  here.schedule("beta");
  here.fail_once("alpha");
  here.call("run_now", {{"task", "beta"}});
  CHECK(here.complete_uri("run://{id}", "id", "").values == Names{"beta#1", "alpha#1"});
  CHECK(here.complete_uri("run://{id}/log", "id", "alpha#").values == Names{"alpha#1"});
  CHECK(here.complete_uri("run://{id}/log", "id", "nobody#").values.empty());
  CHECK(here.complete_prompt("explain_failure", "run", "") == Names{"alpha#1"});
  here.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at) SELECT id, "
      "'fetch', "
      "1, tenant_id, 'failed', started_at FROM carillon.run_history");
  const std::string pattern = "run://{id}/steps/{step}/output";
  CHECK(here.complete_uri(pattern, "step", "f", {{"id", "alpha#1"}}).values == Names{"fetch"});
  CHECK(here.complete_uri(pattern, "step", "f").values.empty());
  CHECK(here.complete_uri(pattern, "step", "f", {{"id", "gone#9"}}).values.empty());
}

TEST_CASE("servers and tools and zones and phrases are completed", "[tools][completion]") {
  Prompts here;
  here.downstream.found.servers.push_back({.name = "stand_in", .state = "ready", .detail = "", .stderr_tail = ""});
  here.downstream.found.tools.push_back(
      *test::StandInTools{}.describe(TenantId{"default"}, "stand_in.echo", Duration{0}));
  const std::string pattern = "catalog://{server}/{tool}";
  CHECK(here.complete_uri(pattern, "server", "s").values == Names{"stand_in"});
  CHECK(here.complete_uri(pattern, "tool", "ec", {{"server", "stand_in"}}).values == Names{"echo"});
  CHECK(here.complete_uri(pattern, "tool", "ec", {{"server", "gone"}}).values.empty());
  CHECK(here.complete_uri("docs://{guide}", "guide", "w").values == Names{"when"});
  CHECK(here.complete_prompt("plan_automation", "timezone", "europe/ber") == Names{"Europe/Berlin"});
  CHECK(here.complete_prompt("plan_automation", "when", "every 15").at(0) == "every 15m");
  CHECK(here.complete_prompt("away_mode", "to", "tom").at(0) == "tomorrow");
  CHECK(here.complete_prompt("plan_automation", "goal", "x").empty());
}

TEST_CASE("every suggested phrase and moment can be read", "[tools][completion]") {
  Prompts here;
  for (const auto& when : here.complete_prompt("plan_automation", "when", "")) {
    INFO(when);
    here.call("preview", {{"when", when}});
  }
  for (const auto& moment : here.complete_prompt("away_mode", "to", "")) {
    INFO(moment);
    here.call("list_runs", {{"since", moment}});
  }
}

TEST_CASE("completion tells nothing without the scope and nothing of other tenants", "[tools][completion]") {
  Prompts here;
  here.schedule("echo");
  here.scopes = {"run"};
  CHECK(here.complete_uri("task://{name}", "name", "").values.empty());
  here.scopes = {"read"};
  here.database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  auto stranger = here.context();
  stranger.principal.tenant = "other";
  here.completions.complete(stranger,
                            {.of = transport::CompletionRequest::Of::resource_template,
                             .reference = "task://{name}",
                             .argument = "name",
                             .value = "",
                             .others = {}},
                            [](const transport::CompletionOutcome& outcome) {
                              CHECK(std::get<transport::Completion>(outcome).values.empty());
                            });
}

TEST_CASE("an unknown reference or argument is refused", "[tools][completion]") {
  Prompts here;
  const auto code = [&](const transport::CompletionRequest& request) {
    return std::get<transport::ProtocolError>(here.completing(request)).code;
  };
  using Of = transport::CompletionRequest::Of;
  CHECK(code({.of = Of::prompt, .reference = "nothing", .argument = "x", .value = "", .others = {}}) == -32602);
  CHECK(code({.of = Of::prompt, .reference = "away_mode", .argument = "x", .value = "", .others = {}}) == -32602);
  CHECK(code({.of = Of::resource_template, .reference = "x://{y}", .argument = "y", .value = "", .others = {}}) ==
        -32602);
  CHECK(code({.of = Of::resource_template, .reference = "run://{id}", .argument = "y", .value = "", .others = {}}) ==
        -32602);
}

}  // namespace
}  // namespace carillon::tools
