// Resources through the service, against the real engine and database: what is listed, what is read, who may.
#include "tools/resource_set.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "server/base/mask.h"
#include "tests/support/installation.h"
#include "transport/protocol.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

struct Resources : Installation {
  transport::Era era = transport::Era::modern;

  transport::RequestContext asking() const {
    auto asking = context();
    asking.era = era;
    return asking;
  }
  transport::ReadOutcome outcome(const std::string& uri) {
    transport::ReadOutcome answered;
    resources.read_resource(asking(), uri, [&](transport::ReadOutcome given) { answered = std::move(given); });
    return answered;
  }
  transport::Contents read(const std::string& uri) {
    INFO(uri);
    auto answered = outcome(uri);
    if (const auto* error = std::get_if<transport::ProtocolError>(&answered)) FAIL(error->message);
    const auto contents = std::get<transport::Contents>(answered);
    REQUIRE_FALSE(contents.blocks.empty());
    for (const auto& block : contents.blocks) CHECK(block["uri"] == uri);
    return contents;
  }
  std::string text(const std::string& uri) { return read(uri).blocks.at(0)["text"]; }
  json facts(const std::string& uri) { return json::parse(text(uri)); }
  transport::ProtocolError refused_read(const std::string& uri) {
    INFO(uri);
    const auto answered = outcome(uri);
    REQUIRE(std::holds_alternative<transport::ProtocolError>(answered));
    return std::get<transport::ProtocolError>(answered);
  }
  bool is_missing(const std::string& uri) {
    const auto answered = outcome(uri);
    if (const auto* contents = std::get_if<transport::Contents>(&answered)) return contents->blocks.empty();
    const auto& error = std::get<transport::ProtocolError>(answered);
    return error.code == (era == transport::Era::modern ? transport::rpc_code::kInvalidParams
                                                        : transport::rpc_code::kResourceNotFoundLegacy);
  }
  transport::Page page(const transport::Cursor& cursor = std::nullopt) {
    transport::PageOutcome answered;
    resources.list_resources(asking(), cursor, [&](transport::PageOutcome given) { answered = std::move(given); });
    REQUIRE(std::holds_alternative<transport::Page>(answered));
    return std::get<transport::Page>(answered);
  }
  std::vector<std::string> listed() {
    std::vector<std::string> uris;
    transport::Cursor cursor;
    do {
      const auto next = page(cursor);
      for (const auto& entry : next.entries) uris.push_back(entry["uri"]);
      cursor = next.next_cursor;
    } while (cursor);
    return uris;
  }

  void schedule(const std::string& name, const std::string& when = "weekdays at 07:30") {
    call("schedule_task",
         {{"name", name}, {"when", when}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
  }
  // A run of a task, ended with this output.
  void ran(const std::string& task, const json& output, const std::string& outcome = "succeeded", int number = 1) {
    call("run_now", {{"task", task}});
    settle(task + "#" + std::to_string(number), outcome, output, outcome == "failed" ? "timeout" : "");
  }
};

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

TEST_CASE("the rows of resources are whole and do not overlap", "[tools][resources]") {
  std::set<std::string_view> names;
  for (const auto& row : all_resources()) {
    INFO(row.pattern);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.title.empty());
    CHECK(row.summary.size() > 20);
    CHECK(row.scope == Scope::read);
    const auto uri = parse_uri(row.example);
    REQUIRE(uri.has_value());
    std::size_t fitting = 0;
    for (const auto& other : all_resources()) fitting += match_uri(other.pattern, *uri).has_value() ? 1 : 0;
    CHECK(fitting == 1);
    const auto variables = match_uri(row.pattern, *uri);
    REQUIRE(variables.has_value());
    CHECK(variables->size() == row.variables.size());
    for (const auto& variable : row.variables) CHECK(variables->count(std::string(variable.name)) == 1);
    const bool of_one_thing = row.watch == Watch::task || row.watch == Watch::run;
    CHECK((!of_one_thing || !row.variables.empty()));
    CHECK((row.watch != Watch::state || row.variables.size() == 2));
  }
}

TEST_CASE("every documented example of a resource can be read", "[tools][resources]") {
  Resources here;
  here.schedule("morning-brief");
  here.call("run_now", {{"task", "morning-brief"}, {"input", {{"message", "hello"}}}});
  here.settle("morning-brief#1", "succeeded", {{"text", "done"}}, "");
  here.database.run("UPDATE carillon.run_history SET number = 142");
  here.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, output) SELECT id, "
      "'fetch', 1, tenant_id, 'succeeded', started_at, convert_to('{\"text\":\"fetched\"}', 'UTF8') FROM "
      "carillon.run_history");
  here.call("set_state", {{"key", "repo/a/build"}, {"op", "set"}, {"value", "green"}});
  here.call("save_pipeline", {{"name", "brief"}, {"steps", {{{"id", "pause"}, {"wait", "1s"}}}}});
  here.call("schedule_task", {{"name", "deploy"}, {"when", "manual"}, {"message", "x"}});
  here.call("run_now", {{"task", "deploy"}});
  here.begin("deploy#1");
  here.database.run("UPDATE carillon.run_live SET number = 4");
  here.database.run(
      "INSERT INTO carillon.approval (tenant_id, run_id, step_path, attempt, message, arguments, digest, deciders, "
      "quorum, on_expiry, on_reject, expires_at, asked_at) SELECT tenant_id, id, 'ask', 1, 'Deploy?', "
      "convert_to('{\"tag\":\"v9\"}', 'UTF8'), 'd', '{person}', 1, 'fail', 'fail', 'infinity', now() FROM "
      "carillon.run_live");
  CHECK(here.facts("approval://deploy%234/ask")["arguments"] == json{{"tag", "v9"}});
  CHECK(here.is_missing("approval://deploy%234/other"));
  for (const auto& row : all_resources()) {
    std::string uri{row.example};
    if (row.name == "catalog_tool") uri = "catalog://stand_in/echo";  // the stand-in's only tool
    here.read(uri);
  }
}

TEST_CASE("a key of the shared state is read whole and one without anything is missing", "[tools][resources]") {
  Resources here;
  const std::string words(100'000, 'x');
  here.call("set_state", {{"key", "a/b"}, {"namespace", "n s"}, {"op", "set"}, {"value", words}, {"ttl", "1h"}});
  const json facts = here.facts("state://n%20s/a%2Fb");
  CHECK(facts["value"] == words);
  CHECK(facts["version"] == 1);
  CHECK(facts["namespace"] == "n s");
  CHECK(facts["changed_by"] == "owner");
  CHECK_FALSE(facts.contains("value_resource"));
  CHECK(here.is_missing("state://default/a%2Fb"));
  here.call("set_state", {{"key", "a/b"}, {"op", "acquire"}});
  CHECK(here.facts("state://default/a%2Fb")["held_by"] == "owner");
  here.clock.advance(std::chrono::hours{1});
  CHECK(here.is_missing("state://n%20s/a%2Fb"));
  CHECK(here.is_missing("state://default/a%2Fb"));
}

TEST_CASE("the status can be read without counting as asking for it", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.ran("echo", nullptr, "failed");
  here.clock.advance(std::chrono::minutes{1});
  CHECK(here.facts("status://now")["since_last_asked"]["failed"] == 1);
  CHECK(here.facts("status://now")["since_last_asked"]["failed"] == 1);
  CHECK(here.call("get_status", json::object())["since_last_asked"]["failed"] == 1);
  CHECK(here.facts("status://now")["since_last_asked"]["failed"] == 0);
  CHECK(here.read("status://now").fresh_for == std::chrono::milliseconds{0});
}

TEST_CASE("a task is read by any name and by its id", "[tools][resources]") {
  Resources here;
  here.schedule("a/b 100% & co");
  const json task = here.facts("task://a%2Fb%20100%25%20%26%20co");
  CHECK(task["task"] == "a/b 100% & co");
  CHECK(task["definition"]["arguments"]["message"] == "hi");
  CHECK(here.facts("task://" + std::to_string(task["id"].get<std::int64_t>()))["task"] == "a/b 100% & co");
}

TEST_CASE("coming times are told as JSON and as a calendar", "[tools][resources]") {
  Resources here;
  here.schedule("brief");
  const auto next = here.read("task://brief/next");
  REQUIRE(next.blocks.size() == 2);
  CHECK(next.blocks[0]["mimeType"] == "application/json");
  const json facts = json::parse(next.blocks[0]["text"].get<std::string>());
  CHECK(facts["next"][0]["at"] == "2026-11-23T07:30:00+01:00");
  CHECK(facts["next"].size() == 50);
  CHECK(next.blocks[1]["mimeType"] == "text/calendar");
  const std::string calendar = next.blocks[1]["text"];
  CHECK(calendar.find("DTSTART:20261123T063000Z") != std::string::npos);
  CHECK(calendar.find("SUMMARY:brief") != std::string::npos);

  const auto agenda = here.read("agenda://2026-11-23/2026-11-24%2012%3A00");
  CHECK(json::parse(agenda.blocks[0]["text"].get<std::string>())["agenda"].size() == 2);
  CHECK(agenda.blocks[1]["text"].get<std::string>().find("DTSTART:20261124T063000Z") != std::string::npos);
}

TEST_CASE("a run is read by handle and by id in record and log and output", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.ran("echo", {{"content", json::array()}, {"structured", {{"said", "hi"}}}, {"text", "hi"}});
  const json record = here.facts("run://echo%231");
  CHECK(record["status"] == "succeeded");
  CHECK(record["output"]["said"] == "hi");
  CHECK(here.facts("run://echo#1") == record);
  CHECK(here.facts("run://" + record["id"].get<std::string>()) == record);
  CHECK(here.facts("run://echo%231/output")["said"] == "hi");
  const std::string log = here.text("run://echo%231/log");
  CHECK(log.find("asked for (run_now), for owner") != std::string::npos);
  CHECK(log.find("succeeded; output of") != std::string::npos);
  CHECK(here.read("run://echo%231/output").fresh_for > std::chrono::minutes{1});
}

TEST_CASE("a text output is read as text and whole", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.ran("echo", {{"structured", nullptr}, {"text", std::string(50'000, 'x') + "end"}});
  const auto output = here.read("run://echo%231/output");
  CHECK(output.blocks[0]["mimeType"] == "text/plain");
  CHECK(output.blocks[0]["text"].get<std::string>().size() == 50'003);
}

TEST_CASE("what is too long for an answer comes as an extract and a link that holds all of it", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.call("run_now", {{"task", "echo"}, {"input", {{"message", std::string(3'000, 'i')}}}});
  here.settle("echo#1", "failed", {{"structured", nullptr}, {"text", std::string(2'001, 'o')}}, "timeout");
  here.database.run("UPDATE carillon.run_history SET error_message = repeat('e', 2001)");
  const auto answered = here.answer("get_run", {{"run", "echo#1"}, {"include", {"input"}}});
  const json& facts = *answered.structured;
  CHECK(facts["output"].get<std::string>() == std::string(600, 'o') + "…");
  CHECK(facts["output_bytes"] == 2'001);
  test::check_same(facts, answered.content.at(0)["text"]);
  REQUIRE(answered.content.size() == 4);
  std::vector<std::string> linked;
  for (std::size_t i = 1; i < answered.content.size(); ++i) {
    CHECK(answered.content[i]["type"] == "resource_link");
    linked.push_back(answered.content[i]["uri"]);
  }
  CHECK(linked == std::vector<std::string>{facts["error_resource"], facts["input_resource"], facts["output_resource"]});
  CHECK(answered.content[1]["size"] == 2'001);
  CHECK(answered.content[2]["size"] == json{{"message", std::string(3'000, 'i')}}.dump().size());
  CHECK(answered.content[3]["size"] == 2'001);
  CHECK(here.text(linked[0]).find(std::string(2'001, 'e')) != std::string::npos);
  CHECK(here.facts(linked[1])["message"].get<std::string>().size() == 3'000);
  CHECK(here.text(linked[2]) == std::string(2'001, 'o'));
  CHECK(here.call("get_run", {{"run", "echo#1"}, {"output_path", "length(text)"}})["output"] == 2'001);

  here.ran("echo", {{"text", "short"}}, "succeeded", 2);
  CHECK(here.answer("get_run", {{"run", "echo#2"}}).content.size() == 1);
}

TEST_CASE("a secret is masked in a link too", "[tools][resources]") {
  Resources here;
  const std::string secret = "sesame-of-ours";
  register_secret(secret);
  here.call("schedule_task", {{"name", secret},
                              {"when", "manual"},
                              {"tool", "stand_in.echo"},
                              {"arguments", {{"message", std::string(2'500, 'm')}}}});
  const auto answered = here.answer("get_task", {{"task", secret}, {"response_format", "detailed"}});
  CHECK(json(answered.content).dump().find(secret) == std::string::npos);
  CHECK(answered.content.at(1)["uri"] == "task://[masked]");
  forget_secret(secret);
}

TEST_CASE("a long definition is linked and the task's resource holds it whole", "[tools][resources]") {
  Resources here;
  here.call("schedule_task", {{"name", "long"},
                              {"when", "manual"},
                              {"tool", "stand_in.echo"},
                              {"arguments", {{"message", std::string(2'500, 'm')}}}});
  const auto answered = here.answer("get_task", {{"task", "long"}, {"response_format", "detailed"}});
  REQUIRE(answered.content.size() == 2);
  CHECK(answered.content[1]["uri"] == "task://long");
  CHECK((*answered.structured)["definition"].get<std::string>().size() < 700);
  CHECK(here.facts("task://long")["definition"]["arguments"]["message"].get<std::string>().size() == 2'500);
}

TEST_CASE("the log of a run tells its steps and errors in the order of time", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.ran("echo", nullptr, "failed");
  here.database.run(
      "INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, tool, started_at, finished_at, "
      "error_class, error_message) SELECT id, 'fetch', n, tenant_id, CASE n WHEN 1 THEN 'retrying' ELSE 'failed' END, "
      "'stand_in.echo', started_at + n * interval '1 s', started_at + n * interval '1.5 s', 'timeout', 'line one' || "
      "chr(10) "
      "|| 'line two' FROM carillon.run_history, generate_series(1, 2) AS n");
  const std::string log = here.text("run://echo%231/log");
  INFO(log);
  const std::vector<std::string> order{"asked for",
                                       "began, attempt 1",
                                       "step fetch began: stand_in.echo",
                                       "step fetch retrying: timeout \"line one\\nline two\"",
                                       "step fetch (attempt 2) began",
                                       "step fetch (attempt 2) failed",
                                       "echo#1 failed: timeout \"it said so\""};
  std::size_t at = 0;
  for (const auto& line : order) {
    INFO(line);
    at = log.find(line, at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(std::count(log.begin(), log.end(), '\n') == 7);
}

TEST_CASE("what is not there is missing as its era says it", "[tools][resources]") {
  Resources here;
  here.era = GENERATE(transport::Era::modern, transport::Era::legacy);
  here.schedule("echo");
  here.call("run_now", {{"task", "echo"}});
  for (const char* uri :
       {"task://ech", "task://echo/previous", "run://echo%232", "run://nonsense", "run://echo%231/output",
        "run://echo%231/steps/x/output", "docs://nothing", "catalog://stand_in/nothing", "ftp://x", "status://",
        "status://then", "not a uri", "task://%", ""}) {
    INFO(uri);
    CHECK(here.is_missing(uri));
  }
  const auto near = here.refused_read("task://ech");
  CHECK(near.message.find("did you mean \"echo\"") != std::string::npos);
  CHECK(near.data == json{{"uri", "task://ech"}});
}

TEST_CASE("a window that cannot be read is refused with what would help", "[tools][resources]") {
  Resources here;
  const auto refused = here.refused_read("agenda://tomorrow/yesterday");
  CHECK(refused.code == transport::rpc_code::kInvalidParams);
  CHECK(refused.data["error"] == "arguments_invalid");
  CHECK(refused.data["pointer"] == "/to");
}

TEST_CASE("without the scope nothing is listed or read or watched", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.scopes = {"schedule", "run"};
  CHECK(here.page().entries.empty());
  CHECK(here.refused_read("task://echo").data["scope"] == "read");
  CHECK_FALSE(here.resources.may_watch(here.asking(), "task://echo"));
  here.scopes = {"read"};
  CHECK(here.resources.may_watch(here.asking(), "task://echo"));
}

TEST_CASE("another tenant's things are not there", "[tools][resources]") {
  Resources here;
  here.schedule("echo");
  here.ran("echo", {{"text", "secret"}});
  here.database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  auto stranger = here.asking();
  stranger.principal.tenant = "other";
  const std::string id = here.facts("run://echo%231")["id"];
  for (const std::string& uri :
       {std::string("task://echo"), std::string("run://echo%231"), "run://" + id, "run://" + id + "/output"}) {
    INFO(uri);
    CHECK_FALSE(here.resources.may_watch(stranger, uri));
    here.resources.read_resource(stranger, uri, [](const transport::ReadOutcome& outcome) {
      CHECK(std::holds_alternative<transport::ProtocolError>(outcome));
    });
  }
  here.resources.list_resources(stranger, std::nullopt, [](const transport::PageOutcome& outcome) {
    for (const auto& entry : std::get<transport::Page>(outcome).entries)
      CHECK(entry.dump().find("echo") == std::string::npos);
  });
}

TEST_CASE("the list goes through all tasks by cursor and ends with the newest runs", "[tools][resources]") {
  Resources here;
  for (int i = 0; i < 120; ++i) here.schedule("task-" + std::to_string(1'000 + i), "manual");
  here.schedule("Ümlaut + 1", "manual");
  here.ran("task-1003", {{"text", "x"}});
  const auto first = here.page();
  REQUIRE(first.next_cursor.has_value());
  CHECK(first.entries[0]["uri"] == "status://now");
  const auto all = here.listed();
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == all.size());
  CHECK(contains(all, "docs://when"));
  CHECK(contains(all, "docs://errors"));
  CHECK(contains(all, "task://task-1000"));
  CHECK(contains(all, "task://task-1119"));
  CHECK(contains(all, "run://task-1003%231"));
  for (const auto& uri : all)
    if (uri.find("task://task-") == std::string::npos) here.read(uri);

  here.resources.list_resources(here.asking(), "nonsense", [](const transport::PageOutcome& outcome) {
    CHECK(std::get<transport::ProtocolError>(outcome).code == transport::rpc_code::kInvalidParams);
  });
}

TEST_CASE("templates name what can be asked for", "[tools][resources]") {
  Resources here;
  here.resources.list_templates(here.asking(), std::nullopt, [](const transport::PageOutcome& outcome) {
    std::vector<std::string> patterns;
    for (const auto& entry : std::get<transport::Page>(outcome).entries) patterns.push_back(entry["uriTemplate"]);
    CHECK(patterns == std::vector<std::string>{"agenda://{from}/{to}", "docs://{guide}", "task://{name}",
                                               "task://{name}/next", "run://{id}", "run://{id}/log", "run://{id}/input",
                                               "run://{id}/output", "run://{id}/steps/{step}/output",
                                               "approval://{run}/{step}", "pipeline://{name}",
                                               "catalog://{server}/{tool}", "state://{namespace}/{key}"});
  });
}

TEST_CASE("secrets are masked in what is read", "[tools][resources]") {
  register_secret("hunter2-hunter2");
  Resources here;
  here.schedule("echo");
  here.ran("echo", {{"text", "the word is hunter2-hunter2"}});
  for (const char* uri : {"run://echo%231", "run://echo%231/output"})
    CHECK(here.text(uri).find("hunter2") == std::string::npos);
}

TEST_CASE("a database that is away makes a read unavailable", "[tools][resources]") {
  Resources here;
  here.database.run("ALTER TABLE carillon.task RENAME TO task_gone");
  const auto refused = here.refused_read("task://echo");
  CHECK(refused.code == transport::rpc_code::kInternal);
  CHECK(refused.data["error"] == "unavailable");
  CHECK(refused.data.dump().find("task_gone") == std::string::npos);
}

TEST_CASE("the schema of a downstream tool can be read", "[tools][resources]") {
  Resources here;
  const json tool = here.facts("catalog://stand_in/echo");
  CHECK(tool["tool"] == "stand_in.echo");
  CHECK(tool["input_schema"]["required"][0] == "message");
  CHECK(here.refused_read("catalog://stand_in/ecko").data == json{{"uri", "catalog://stand_in/ecko"}});
}

}  // namespace
}  // namespace carillon::tools
