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
