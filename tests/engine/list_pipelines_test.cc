#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;

namespace {

void save_named(EngineFixture& f, const std::string& name, const std::string& message, const std::string& about = "") {
  SavePipeline command{
      .name = name,
      .steps = json::array({{{"id", "a"}, {"uses", "everything.echo"}, {"with", {{"message", message}}}}})};
  if (!about.empty()) command.description = about;
  REQUIRE(f.engine.save_pipeline(f.caller(), command).ok());
}

}  // namespace

TEST_CASE("pipelines are found by name and description and listed in pages", "[engine][list_pipelines]") {
  EngineFixture f;
  for (const char* name : {"c", "a", "b"}) save_named(f, name, "x", name == std::string("b") ? "The morning" : "");
  const auto first = f.engine.list_pipelines(f.caller(), {.limit = 2});
  REQUIRE(first.ok());
  CHECK(first->total == 3);
  REQUIRE(first->pipelines.size() == 2);
  CHECK(first->pipelines[0].pipeline == "a");
  REQUIRE(first->next_cursor);
  const auto second = f.engine.list_pipelines(f.caller(), {.limit = 2, .cursor = first->next_cursor});
  REQUIRE(second->pipelines.size() == 1);
  CHECK(second->pipelines[0].pipeline == "c");
  CHECK(f.engine.list_pipelines(f.caller(), {.query = "morn"})->pipelines[0].pipeline == "b");
  CHECK(f.engine.list_pipelines(f.caller(), {.cursor = "x"}).error().pointer == "/cursor");
  CHECK(f.engine.list_pipelines(f.caller("owner", "elsewhere"), {})->total == 0);
}

TEST_CASE("what is named is shown with its versions and what differs between two", "[engine][list_pipelines]") {
  EngineFixture f;
  save_named(f, "a", "one");
  save_named(f, "a", "two");
  const auto page = f.engine.list_pipelines(f.caller(), {.names = {"a@1", "a"}});
  REQUIRE(page.ok());
  REQUIRE(page->details.size() == 2);
  CHECK(page->details[0].row.version == 1);
  CHECK(page->details[1].row.version == 2);
  CHECK(page->details[0].latest == 2);
  REQUIRE(page->details[1].versions.size() == 2);
  CHECK(page->details[1].versions[0].checksum != page->details[1].versions[1].checksum);
  CHECK(page->difference == std::vector<std::string>{R"(steps.a.with.message: "one" → "two")"});
  CHECK(f.engine.list_pipelines(f.caller(), {.names = {"a", "b"}}).error().pointer == "/names/1");
}
