// Prompt templates, as they are kept.
#include "server/store/prompt_template_store.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct PromptTemplateFixture : RepositoryFixture {
  PromptFile file{
      .prompt = {.name = "hello",
                 .description = "Says hello.",
                 .parameters = {{"name", "Whom.", ParameterNeed::required}, {"tone", "How.", ParameterNeed::optional}},
                 .body = "Hello ${params.name} – \"you\""},
      .text = "one"};
  template <class Work>
  auto in_tx(const TenantId& tenant, Work work) {
    return store.in_tx(tenant, [&](Tx& tx) { return work(PromptTemplateStore{tx}); });
  }
  PromptSaved save(const std::string& text, const TenantId& tenant = kMine) {
    file.text = text;
    return in_tx(tenant, [&](PromptTemplateStore templates) { return templates.save(tenant, file, kNow); });
  }
  std::optional<PromptTemplateRecord> find(const std::string& name = "hello", const TenantId& tenant = kMine) {
    return in_tx(tenant, [&](PromptTemplateStore templates) { return templates.find(tenant, name); });
  }
};

}  // namespace

TEST_CASE("the same text is the same version and another text the next one", "[store][prompt_template_store]") {
  using Became = PromptSaved::Became;
  PromptTemplateFixture f;
  CHECK(f.save("one").version == 1);
  CHECK(f.save("one").became == Became::unchanged);
  f.file.prompt.body = "Bye";
  CHECK(f.save("two").version == 2);
  CHECK(f.save("two").became == Became::unchanged);
  CHECK(f.save("one").version == 3);
  const auto ask = [&](const std::string& what) {
    return f.database.ask("SELECT " + what + " FROM carillon.prompt_template");
  };
  CHECK(ask("string_agg(id, ' ' ORDER BY version)") == "hello@1 hello@2 hello@3");
  CHECK(ask("bool_and(checksum = sha256(CASE version WHEN 2 THEN 'two'::bytea ELSE 'one'::bytea END))") == "t");
}

TEST_CASE("the latest version is found whole unless it is retired", "[store][prompt_template_store]") {
  PromptTemplateFixture f;
  f.save("one");
  const auto found = f.find();
  REQUIRE(found.has_value());
  CHECK(found->prompt == f.file.prompt);
  CHECK(found->version == 1);
  CHECK_FALSE(f.find("other").has_value());
  f.file.prompt.standing = PromptTemplate::Standing::retired;
  f.save("two");
  CHECK_FALSE(f.find().has_value());
  CHECK(f.in_tx(kMine, [](PromptTemplateStore templates) { return templates.list(kMine); }).empty());
  f.file.prompt.standing = PromptTemplate::Standing::in_use;
  f.save("three");
  CHECK(f.find()->version == 3);
  CHECK(f.in_tx(kMine, [](PromptTemplateStore templates) { return templates.list(kMine); }).size() == 1);
}

TEST_CASE("templates stay behind the wall of their tenant", "[store][prompt_template_store]") {
  PromptTemplateFixture f;
  f.save("one");
  CHECK_FALSE(f.find("hello", kTheirs).has_value());
  CHECK_FALSE(f.store.in_tx(kTheirs, [&](Tx& tx) { return PromptTemplateStore{tx}.find(kMine, "hello"); }));
  const auto tenants = f.store.across_tenants([](Tx& tx) { return PromptTemplateStore{tx}.tenants(); });
  CHECK(std::find(tenants.begin(), tenants.end(), kMine) != tenants.end());
}
