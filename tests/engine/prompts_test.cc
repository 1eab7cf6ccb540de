// Tasks that are a prompt: who answers is decided when they are saved.
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

void offer_model(EngineFixture& f) {
  ToolFacts generate = f.tools.tools.at("everything.echo");
  generate.tool = "llm.generate";
  generate.input_schema = ordered_json::parse(R"({"type":"object"})");
  f.tools.tools.emplace("llm.generate", generate);
}

const std::string kPrompt = R"({"name":"news","when":"manual","prompt":"Sum up"})";

}  // namespace

TEST_CASE("a prompt for which no agent is named is the model's where there is one", "[engine][prompts]") {
  EngineFixture f;
  const TaskSaved any = f.scheduled(kPrompt);
  CHECK(any.action == json{{"kind", "prompt"}, {"prompt", "Sum up"}});
  CHECK(any.warnings.at(0).find("no model is configured") != std::string::npos);
  CHECK(f.scheduled(kPrompt).result == "unchanged");
  offer_model(f);
  const TaskSaved named = f.scheduled(R"({"name":"other","when":"manual","prompt":"Sum up","agent":"scout"})");
  CHECK(named.action["agent"] == "scout");
  CHECK(named.warnings.empty());
  const TaskSaved model = f.scheduled(R"({"name":"third","when":"manual","prompt":"Sum up"})");
  CHECK(model.action["model"] == true);
  CHECK(model.warnings.at(0).find("uses tokens") != std::string::npos);
}

TEST_CASE("a changed prompt keeps its agent and a changed agent its prompt", "[engine][prompts]") {
  EngineFixture f;
  f.scheduled(R"({"name":"news","when":"manual","prompt":"Sum up","agent":"scout"})");
  CHECK(f.update("news", R"({"prompt":"Shorter"})")->action ==
        json{{"kind", "prompt"}, {"prompt", "Shorter"}, {"agent", "scout"}});
  offer_model(f);
  CHECK(f.update("news", R"({"agent":""})")->action ==
        json{{"kind", "prompt"}, {"prompt", "Shorter"}, {"model", true}});
  CHECK(f.update("news", R"({"description":"x"})")->action["model"] == true);
  CHECK(f.update("news", R"({"agent":"other"})")->action ==
        json{{"kind", "prompt"}, {"prompt", "Shorter"}, {"agent", "other"}});
  CHECK(f.update("news", R"({"message":"x"})")->action["kind"] == "message");
  CHECK(f.update("news", R"({"agent":"other"})").error().pointer == "/agent");
}

TEST_CASE("an agent without a prompt makes no task", "[engine][prompts]") {
  EngineFixture f;
  CHECK(f.schedule(R"({"name":"news","when":"manual","agent":"scout"})").error().pointer == "/agent");
  CHECK(f.schedule(R"({"name":"news","when":"manual","prompt":"x","agent":"a b"})").error().pointer == "/agent");
  CHECK(f.count("task") == 0);
}
