// Skills (the extension io.modelcontextprotocol/skills) as a client reads them: what a server lists, and whether a file
// that it then serves is the one it listed. A file is read when its skill is used, never ahead; one that fails any
// check is not used.
//
// Frontmatter is YAML, of which the parts are read that skills use: maps, lists of scalars, scalars on one line. What
// is written otherwise counts as different from the entry, so that nothing unread is ever trusted. Pure functions and
// values; thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"

namespace carillon::transport {

inline constexpr const char* kSkillsExtension = "io.modelcontextprotocol/skills";

struct SkillFile {
  std::string uri;
  std::string digest;  // "sha256:" and 64 hexadecimal digits
  std::uint64_t size = 0;
};
struct SkillEntry {
  std::string uri;  // of its SKILL.md
  json frontmatter;
  std::vector<SkillFile> files;
};

// The entries of a skills/list result; what is no usable entry is left out.
std::vector<SkillEntry> read_skills(const json& result);

// Empty: the content is what the entry promises. Otherwise what is wrong with it.
std::string wrong_with_skill_file(const SkillEntry& skill, const std::string& uri, std::string_view content);

// The frontmatter of a SKILL.md; nothing if it has none or it is written in a way that is not read here.
std::optional<json> read_frontmatter(std::string_view content);

}  // namespace carillon::transport
