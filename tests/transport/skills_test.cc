#include "transport/skills.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace carillon;
using namespace carillon::transport;

namespace {

const std::string kContent = "---\nname: pdf\ndescription: \"Fill: forms\"\n---\n\nBody.\n";

SkillEntry listed() {
  return read_skills({{"skills",
                       {{{"uri", "skill://pdf/SKILL.md"},
                         {"frontmatter", {{"name", "pdf"}, {"description", "Fill: forms"}}},
                         {"resources",
                          {{{"uri", "skill://pdf/SKILL.md"},
                            {"size", kContent.size()},
                            {"digest", "sha256:c42f647f73731a376b1b45e3534ca9e912753440ada355896324e5f0ef736632"}},
                           {{"uri", 7}}}}}}}})
      .at(0);
}

}  // namespace

TEST_CASE("a skill's file is used only if it is the one that was listed", "[transport][skills]") {
  const SkillEntry skill = listed();
  REQUIRE(skill.files.size() == 1);
  CHECK(wrong_with_skill_file(skill, skill.uri, kContent).empty());
  std::string evil = kContent;
  evil[evil.size() - 3] = 'x';
  CHECK(wrong_with_skill_file(skill, skill.uri, evil).find("digest") != std::string::npos);
  CHECK(wrong_with_skill_file(skill, skill.uri, kContent + "x").find("size") != std::string::npos);
  CHECK_FALSE(wrong_with_skill_file(skill, "skill://pdf/other.md", "x").empty());
  SkillEntry other = skill;
  other.frontmatter["description"] = "harmless";
  CHECK(wrong_with_skill_file(other, skill.uri, kContent).find("frontmatter") != std::string::npos);
  other.frontmatter = {{"name", "pdf"}};
  CHECK_FALSE(wrong_with_skill_file(other, skill.uri, kContent).empty());
}

TEST_CASE("lists of skills that make no sense are empty", "[transport][skills]") {
  for (const json& bad : {json(), json(7), json::object(), json{{"skills", {1, json::object()}}}})
    CHECK(read_skills(bad).empty());
}

TEST_CASE("frontmatter is read as far as skills go", "[transport][skills]") {
  const auto read = [](const std::string& text) { return read_frontmatter("---\n" + text + "\n---\nbody"); };
  CHECK(read("a: b c\nn: 7\nf: true\nq: 'it''s'\nd: \"x\\ty\"\ne:\n# comment\nz: a:b") ==
        json{{"a", "b c"}, {"n", 7}, {"f", true}, {"q", "it's"}, {"d", "x\ty"}, {"e", nullptr}, {"z", "a:b"}});
  CHECK(read("meta:\n  author: me\n  tags:\n    - one\n    - 2\ntools:\n- x\n- y") ==
        json{{"meta", {{"author", "me"}, {"tags", {"one", 2}}}}, {"tools", {"x", "y"}}});
  for (const char* unread : {"a: |\n  text", "a: [1]", "a: {b: 1}", "a: &x 1", "- a", "a: b: c", "a", "a: 1\na: 2",
                             "a: 1\n   b: 2", "a: 'x", "a: \"x", "a: 1 # c", "a:\n  - b\n  c: d"})
    CHECK_FALSE(read(unread));
  for (const char* none : {"", "x", "---", "---\na: b", "a: b\n---\n"}) CHECK_FALSE(read_frontmatter(none));
}
