#include "server/store/pipeline_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

// The pipeline's task, with its first version.
TaskId saved(RepositoryFixture& f, const std::string& name, bool is_template = false) {
  const TaskId id = f.task({.name = name, .hidden = true});
  f.database.run("UPDATE carillon.task SET pipeline_id = task_id, description = 'about " + name +
                 "' WHERE task_id = " + id.str());
  f.mine([&](Tx& tx) {
    PipelineStore{tx}.insert(kMine, {id, name, 1, 1, json{{"steps", name}}, is_template, kNow, "owner"});
  });
  return id;
}

}  // namespace

TEST_CASE("a version of a pipeline is kept as it was written", "[store][pipeline_store]") {
  RepositoryFixture f;
  const TaskId id = saved(f, "brief");
  f.database.run("UPDATE carillon.task SET version = 2 WHERE task_id = " + id.str());
  const json second{{"steps", std::string("a\0b", 3)}};
  f.mine([&](Tx& tx) { PipelineStore{tx}.insert(kMine, {id, "brief", 2, 2, second, false, kNow, "claude"}); });
  const auto latest = f.mine([](Tx& tx) { return PipelineStore{tx}.find(kMine, "brief"); });
  REQUIRE(latest);
  CHECK(latest->version == 2);
  CHECK(latest->latest == 2);
  CHECK(latest->definition == second);
  CHECK(latest->created_by == "claude");
  CHECK(f.mine([](Tx& tx) { return PipelineStore{tx}.find(kMine, "brief", 1); })->definition ==
        json{{"steps", "brief"}});
  CHECK_FALSE(f.mine([](Tx& tx) { return PipelineStore{tx}.find(kMine, "brief", 3); }));
  const auto versions = f.mine([&](Tx& tx) { return PipelineStore{tx}.versions(kMine, id, 10); });
  REQUIRE(versions.size() == 2);
  CHECK(versions[0].version == 2);
  CHECK(versions[0].checksum.size() == 12);
  CHECK(versions[0].checksum != versions[1].checksum);
}

TEST_CASE("a task is no pipeline and a deleted pipeline is none", "[store][pipeline_store]") {
  RepositoryFixture f;
  f.task({.name = "task"});
  const TaskId id = saved(f, "brief");
  CHECK_FALSE(f.mine([](Tx& tx) { return PipelineStore{tx}.find(kMine, "task"); }));
  f.mine([&](Tx& tx) { TaskStore{tx}.set_deleted(kMine, id, {.deleted_at = kNow, .name = "brief", .at = kNow}); });
  CHECK_FALSE(f.mine([](Tx& tx) { return PipelineStore{tx}.find(kMine, "brief"); }));
}

TEST_CASE("pipelines are listed by name apart from templates with how many tasks run them", "[store][pipeline_store]") {
  RepositoryFixture f;
  const TaskId id = saved(f, "b");
  saved(f, "a");
  saved(f, "t", true);
  const TaskId task = f.task({.name = "runs-b"});
  f.database.run("UPDATE carillon.task SET pipeline_id = " + id.str() + " WHERE task_id = " + task.str());
  const auto list = [&](PipelineQuery query) {
    std::vector<std::string> names;
    for (const auto& each : f.mine([&](Tx& tx) { return PipelineStore{tx}.list(kMine, query); }))
      names.push_back(each.pipeline.name + ":" + std::to_string(each.tasks));
    return names;
  };
  using Names = std::vector<std::string>;
  CHECK(list({}) == Names{"a:0", "b:1"});
  CHECK(list({.after_name = "a"}) == Names{"b:1"});
  CHECK(list({.text = "ABOUT B"}) == Names{"b:1"});
  CHECK(list({.templates = true}) == Names{"t:0"});
  CHECK(f.mine([](Tx& tx) { return PipelineStore{tx}.count(kMine, {.limit = 1}); }) == 2);
  const auto users = f.mine([&](Tx& tx) { return PipelineStore{tx}.users(kMine, id); });
  REQUIRE(users.size() == 1);
  CHECK(users[0].name == "runs-b");
  CHECK(f.mine([](Tx& tx) { return PipelineStore{tx}.find_names(kMine, "", 10); }).names == Names{"a", "b", "t"});
}

TEST_CASE("another tenant's pipelines are not seen", "[store][pipeline_store]") {
  RepositoryFixture f;
  const TaskId id = saved(f, "brief");
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return PipelineStore{tx}.find(tenant, "brief").has_value(); }));
  CHECK(f.only_for_its_owner(
      [&](Tx& tx, const TenantId& tenant) { return !PipelineStore{tx}.versions(tenant, id, 1).empty(); }));
  CHECK(
      f.only_for_its_owner([](Tx& tx, const TenantId& tenant) { return !PipelineStore{tx}.list(tenant, {}).empty(); }));
}

TEST_CASE("a version is never written anew", "[store][pipeline_store]") {
  RepositoryFixture f;
  saved(f, "brief");
  CHECK_THROWS(f.database.run("SET ROLE carillon_app; UPDATE carillon.pipeline_version SET created_by = 'x'"));
}
