#include "tools/dispatch.h"

#include <catch2/catch.hpp>

#include "server/base/mask.h"

namespace carillon::tools {
namespace {

Result<Accepted> accept(const char* tool, const json& arguments) {
  return accept_arguments(compile_tool(*find_tool(tool)), arguments);
}

Error refusal(const char* tool, const json& arguments) {
  const auto accepted = accept(tool, arguments);
  REQUIRE_FALSE(accepted.ok());
  return accepted.error();
}

TEST_CASE("an unknown argument is refused with the nearest name and a call that would work", "[tools][dispatch]") {
  const Error error =
      refusal("schedule_task", {{"name", "x"}, {"when", "in 20m"}, {"message", "m"}, {"timezon", "UTC"}});
  CHECK(error.code == ErrorCode::arguments_invalid);
  CHECK(error.pointer == "/timezon");
  CHECK(error.received == "UTC");
  CHECK(error.details["nearest"][0] == "timezone");
  CHECK(error.message.find("\"timezone\"") != std::string::npos);
  REQUIRE(error.try_instead.size() == 1);
  CHECK(error.try_instead[0]["tool"] == "schedule_task");
  CHECK(error.try_instead[0]["arguments"] ==
        json{{"name", "x"}, {"when", "in 20m"}, {"message", "m"}, {"timezone", "UTC"}});
}

TEST_CASE("an argument with no name near it gets the tool's example", "[tools][dispatch]") {
  const Error error = refusal("get_task", {{"task", "x"}, {"zzzzzz", 1}});
  CHECK_FALSE(error.details.contains("nearest"));
  CHECK(error.details["accepted"] == json{"response_format", "task"});
  CHECK(error.try_instead[0]["arguments"] == json{{"task", "morning-brief"}});
}

TEST_CASE("a value of the wrong kind is refused with pointer and what came and what would work", "[tools][dispatch]") {
  const Error error = refusal("list_runs", {{"status", json{"failed", "broken"}}});
  CHECK(error.code == ErrorCode::arguments_invalid);
  CHECK(error.pointer == "/status/1");
  CHECK(error.received == "broken");
  CHECK(error.try_instead[0]["tool"] == "list_runs");
  CHECK(refusal("run_now", {{"task", "x"}, {"wait_seconds", 46}}).pointer == "/wait_seconds");
  CHECK(refusal("list_tasks", {{"limit", 0}}).pointer == "/limit");
}

TEST_CASE("a missing argument is named", "[tools][dispatch]") {
  const Error error = refusal("schedule_task", {{"name", "x"}, {"message", "m"}});
  CHECK(error.message.find("when") != std::string::npos);
  CHECK(refusal("get_task", json::object()).message.find("task") != std::string::npos);
}

TEST_CASE("arguments that are not an object are refused", "[tools][dispatch]") {
  CHECK(refusal("get_task", json::array({1})).code == ErrorCode::arguments_invalid);
  CHECK(refusal("get_task", 5).code == ErrorCode::arguments_invalid);
}

TEST_CASE("what models send by mistake is repaired and told", "[tools][dispatch]") {
  const auto limit = accept("list_tasks", {{"limit", "5"}});
  REQUIRE(limit.ok());
  CHECK(limit->arguments["limit"] == 5);
  CHECK(limit->warnings.size() == 1);

  const auto object = accept("call_tool", {{"tool", "carillon.echo"}, {"arguments", R"({"message": "hi"})"}});
  REQUIRE(object.ok());
  CHECK(object->arguments["arguments"]["message"] == "hi");
  CHECK(object->warnings.size() == 1);

  const auto flag = accept("cancel_run", {{"run", "a#1"}, {"force", "true"}});
  REQUIRE(flag.ok());
  CHECK(flag->arguments["force"] == true);
}

TEST_CASE("one value where a list is asked for is a list of one", "[tools][dispatch]") {
  const auto accepted = accept("list_tasks", {{"state", "paused"}});
  REQUIRE(accepted.ok());
  CHECK(accepted->arguments["state"] == json::array({"paused"}));
  CHECK(accepted->warnings.size() == 1);
}

TEST_CASE("an optional argument that is null was not given", "[tools][dispatch]") {
  const auto accepted = accept("list_tasks", {{"tag", nullptr}, {"query", "brief"}});
  REQUIRE(accepted.ok());
  CHECK(accepted->arguments == json{{"query", "brief"}});
}

TEST_CASE("Ordinaut's task files pass although the schema asks for other names", "[tools][dispatch]") {
  const auto accepted =
      accept("schedule_task",
             {{"title", "Nightly"},
              {"schedule_kind", "cron"},
              {"schedule_expr", "0 3 * * *"},
              {"timezone", "Europe/Chisinau"},
              {"payload", {{"pipeline", {{{"id", "a"}, {"uses", "carillon.echo"}, {"with", {{"message", "hi"}}}}}}}}});
  REQUIRE(accepted.ok());
  CHECK(accepted->arguments["name"] == "Nightly");
  CHECK(accepted->arguments["schedule_kind"] == "cron");
  CHECK(accepted->arguments["schedule_expr"] == "0 3 * * *");
  CHECK(accepted->arguments["steps"][0]["uses"] == "carillon.echo");
  CHECK_FALSE(accepted->warnings.empty());
}

TEST_CASE("the long form of a schedule is not an argument of its own", "[tools][dispatch]") {
  CHECK(refusal("update_task", {{"task", "x"}, {"schedule_kind", "cron"}}).pointer == "/schedule_kind");
}

TEST_CASE("warnings stand in both halves of an answer", "[tools][dispatch]") {
  const auto answer = encode(Answer{.structured = {{"a", 1}}, .text = "a: 1"}, {"one", "two"});
  CHECK(answer.structured->at("warnings") == json{"one", "two"});
  CHECK(answer.content[0]["text"] == "a: 1\nwarning: one\nwarning: two");
  CHECK_FALSE(answer.is_error);
}

TEST_CASE("secrets are masked in answers and in refusals", "[tools][dispatch]") {
  register_secret("tok-dispatch-4711");
  const auto answer = encode(Answer{.structured = {{"a", "x tok-dispatch-4711"}}, .text = "tok-dispatch-4711"}, {});
  CHECK(answer.structured->at("a") == "x [masked]");
  CHECK(answer.content[0]["text"] == "[masked]");
  Error error{ErrorCode::unknown_name, "no tok-dispatch-4711", "/task"};
  error.received = "tok-dispatch-4711";
  const auto refused = encode(error);
  CHECK(refused.content[0]["text"].get<std::string>().find("4711") == std::string::npos);
}

TEST_CASE("an answer beyond the hard stop becomes a refusal that says how to ask for less", "[tools][dispatch]") {
  const auto answer = encode(Answer{.structured = {{"a", std::string(50'000, 'x')}}, .text = "short"}, {});
  CHECK(answer.is_error);
  CHECK(answer.structured->at("error") == "too_large");
  CHECK(answer.structured->at("message").get<std::string>().find("limit") != std::string::npos);
}

TEST_CASE("a refusal stays short whatever was sent", "[tools][dispatch]") {
  Error error{ErrorCode::arguments_invalid, "wrong", "/message"};
  error.received = std::string(20'000, 'x');
  const auto refused = encode(error);
  CHECK(refused.content[0]["text"].get<std::string>().size() <= kErrorCharsMax);
  CHECK(refused.structured->at("pointer") == "/message");

  const auto endless = encode(Error{ErrorCode::arguments_invalid, std::string(20'000, 'x')});
  CHECK(endless.content[0]["text"].get<std::string>().size() <= kErrorCharsMax);
  CHECK(endless.structured->at("error") == "arguments_invalid");
}

TEST_CASE("both halves of a refusal are the same JSON", "[tools][dispatch]") {
  const auto refused = encode(Error{ErrorCode::unknown_zone, "no such zone", "/timezone"});
  CHECK(refused.is_error);
  CHECK(json::parse(refused.content[0]["text"].get<std::string>()) == *refused.structured);
  CHECK(refused.structured->at("retryable") == false);
}

TEST_CASE("a failure of the machine may be repeated and a defect of ours may not", "[tools][dispatch]") {
  const Error machine = machine_failure(std::runtime_error{"connection refused by 10.0.0.7"}, "t1");
  CHECK(machine.code == ErrorCode::unavailable);
  CHECK(machine.details["id"] == "t1");
  CHECK(machine.message.find("10.0.0.7") == std::string::npos);
  CHECK(machine_failure(std::logic_error{"x"}, "t2").code == ErrorCode::internal);
}

}  // namespace
}  // namespace carillon::tools
