#include "server/domain/ordinaut_steps.h"

#include <catch2/catch.hpp>

#include "server/domain/ordinaut.h"

using namespace carillon;

namespace {

json rewritten(const char* step) {
  std::vector<std::string> notes;
  const auto steps = from_ordinaut_steps(json::array({json::parse(step)}), "/payload/pipeline", notes);
  REQUIRE(steps.ok());
  return steps->at(0);
}

}  // namespace

TEST_CASE("a step that asks for an approval becomes one that a person decides", "[domain][ordinaut]") {
  CHECK(rewritten(R"({"id":"ask","uses":"orchestrator.request_approval","save_as":"approval","if":"steps.x",
                      "with":{"message":"Send ${steps.drafts.count}?","data":"${steps.drafts.messages}"}})") ==
        json::parse(R"({"id":"ask","save_as":"approval","if":"steps.x","approval":{
          "message":"Send ${steps.drafts.count}?","arguments":{"items":"${steps.drafts.messages}"},
          "on_reject":"continue"}})"));
  CHECK(rewritten(R"({"id":"ask","uses":"orchestrator.request_approval",
                      "with":{"message":"Go?","timeout_hours":1.5,"risk":"low"}})")["approval"] ==
        json::parse(R"({"message":"Go?","arguments":{"risk":"low"},"within":"5400s","on_expiry":"reject",
                        "on_reject":"continue"})"));
}

TEST_CASE("names of steps become names that expressions can use", "[domain][ordinaut]") {
  CHECK(rewritten(R"({"uses":"a.b"})")["id"] == "step_1");
  CHECK(rewritten(R"({"id":"get-weather","uses":"a.b"})")["id"] == "get_weather");
  CHECK(rewritten(R"({"id":"2nd","uses":"a.b"})")["id"] == "_2nd");
  CHECK(rewritten(R"({"id":"x","uses":"a.b","max_retries":2,"timeout_seconds":5})") ==
        json::parse(R"({"id":"x","uses":"a.b","retry":{"max_attempts":3},"timeout":"5s"})"));
}

TEST_CASE("any name of a model's tool is the model where something says what it is to do", "[domain][ordinaut]") {
  auto [uses, with, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"llm.plan", R"({"instruction":"x"})", "llm.plan"},
      {"llm.generate_followups", R"({"emails":[]})", "llm.generate_followups"},
      {"llm.rewrite", R"({"instruction":"x"})", "llm.plan"},
      {"llm.write", R"({"prompt":"x"})", "llm.generate"},
      {"llm.filter", R"({"items":[]})", "llm.filter"},
      {"office.rewrite", R"({"instruction":"x"})", "office.rewrite"},
  }));
  CAPTURE(uses);
  CHECK(rewritten(json{{"id", "x"}, {"uses", uses}, {"with", json::parse(with)}}.dump().c_str())["uses"] == expected);
}

TEST_CASE("what was rewritten is told once", "[domain][ordinaut]") {
  std::vector<std::string> notes;
  const json step{{"uses", "orchestrator.request_approval"}, {"with", {{"message", "Go?"}}}};
  REQUIRE(from_ordinaut_steps(json::array({step, step}), "", notes).ok());
  CHECK(notes.size() == 1);
}

TEST_CASE("a place is told as the file has it", "[domain][ordinaut]") {
  const json file = json::parse(R"({"title":"x","max_retries":1,"schedule_kind":"cron","schedule_expr":"0 1 * * *",
                                    "payload":{"pipeline":[],"params":{}}})");
  auto [ours, theirs] = GENERATE(table<std::string, std::string>({
      {"/name", "/title"},
      {"/steps/2/uses", "/payload/pipeline/2/uses"},
      {"/steps", "/payload/pipeline"},
      {"/stepsx", "/stepsx"},
      {"/steps/1/approval/arguments/items", "/payload/pipeline/1/with/data"},
      {"/steps/1/approval/message", "/payload/pipeline/1/with/message"},
      {"/steps/1/timeout", "/payload/pipeline/1/timeout_seconds"},
      {"/input/city", "/payload/params/city"},
      {"/options/retries/max_attempts", "/max_retries"},
      {"/when", "/schedule_expr"},
      {"/timezone", "/timezone"},
  }));
  CAPTURE(ours);
  CHECK(ordinaut_pointer(file, ours) == theirs);
  CHECK(ordinaut_pointer(json{{"name", "x"}}, ours) == ours);
}
