// A SKILL.md, NUL, a listing: only what was listed is ever used.
#include "server/base/check.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/two_texts.h"
#include "transport/skills.h"

namespace carillon::fuzz {
namespace {

using namespace transport;

void skills(std::string_view input) {
  const auto [file, listing] = two_texts(input);
  const auto frontmatter = read_frontmatter(file);
  CARILLON_CHECK(!frontmatter || frontmatter->is_object());
  const json result = json::parse(listing, nullptr, false);
  if (result.is_discarded()) return;
  for (const auto& skill : read_skills(result)) {
    CARILLON_CHECK(!wrong_with_skill_file(skill, "no such file", file).empty());
    for (const auto& each : skill.files)
      CARILLON_CHECK(!wrong_with_skill_file(skill, each.uri, file).empty() || each.size == file.size());
  }
}

const Target kSkillsTarget{"skills", skills};

}  // namespace
}  // namespace carillon::fuzz
