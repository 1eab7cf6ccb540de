#include "transport/skills.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/ascii.h"
#include "transport/sha256.h"

namespace carillon::transport {
namespace {

constexpr std::string_view kLineBlanks = " \t\r";
constexpr std::size_t kFrontmatterBytesMax = 64 * 1024;
constexpr std::size_t kDepthMax = 16;

std::string sha256_name(std::string_view content) { return "sha256:" + to_hex(sha256(content)); }

// A scalar on one line; nothing for everything that only looks like one.
std::optional<json> read_scalar(std::string_view text) {
  if (text.starts_with('"')) {
    json value = json::parse(text, nullptr, false);  // YAML's double quotes hold JSON's escapes
    return value.is_string() ? std::optional{std::move(value)} : std::nullopt;
  }
  if (text.starts_with('\'')) {
    if (text.size() < 2 || !text.ends_with('\'')) return std::nullopt;
    std::string value;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      if (text[i] == '\'' && (i + 2 >= text.size() || text[++i] != '\'')) return std::nullopt;
      value.push_back(text[i]);
    }
    return json(value);
  }
  if (text.find_first_of("|>&*!%@`[]{},?#") == 0 || text.find(": ") != std::string_view::npos ||
      text.find(" #") != std::string_view::npos)
    return std::nullopt;
  if (text == "null" || text == "~" || text.empty()) return json(nullptr);
  json value = json::parse(text, nullptr, false);
  if (value.is_number() || value.is_boolean()) return value;
  return json(std::string{text});
}

// Reads lines by their indentation.
class BlockReader {
 public:
  explicit BlockReader(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const std::string_view bare = trimmed(line, kLineBlanks);
      if (!bare.empty() && bare.front() != '#') lines_.push_back({line.find_first_not_of(' '), bare});
    }
  }

  std::optional<json> read() {
    if (lines_.empty()) return json::object();
    auto value = read_block(lines_.front().indent, 0);
    return next_ == lines_.size() && value && value->is_object() ? value : std::nullopt;
  }

 private:
  struct Line {
    std::size_t indent;
    std::string_view text;
  };

  std::optional<json> read_block(std::size_t indent, std::size_t depth) {
    if (depth > kDepthMax) return std::nullopt;
    const bool is_list = lines_[next_].text.starts_with("- ");
    json block = is_list ? json::array() : json::object();
    for (; next_ < lines_.size() && lines_[next_].indent == indent;) {
      const std::string_view line = lines_[next_].text;
      if (line.starts_with("- ") != is_list) return std::nullopt;
      ++next_;
      if (is_list) {
        auto item = read_scalar(trimmed(line.substr(2), kLineBlanks));
        if (!item) return std::nullopt;
        block.push_back(*std::move(item));
      } else if (!read_member(line, indent, depth, block)) {
        return std::nullopt;
      }
    }
    return block;
  }

  bool read_member(std::string_view line, std::size_t indent, std::size_t depth, json& map) {
    const auto colon = line.ends_with(':') ? line.size() - 1 : line.find(": ");
    if (colon == std::string_view::npos) return false;
    const auto name = read_scalar(trimmed(line.substr(0, colon), kLineBlanks));
    if (!name || !name->is_string() || map.contains(name->get_ref<const std::string&>())) return false;
    const std::string_view rest = trimmed(line.substr(colon + 1), kLineBlanks);
    const bool has_block =
        rest.empty() && next_ < lines_.size() &&
        (lines_[next_].indent > indent || (lines_[next_].indent == indent && lines_[next_].text.starts_with("- ")));
    auto value = has_block ? read_block(lines_[next_].indent, depth + 1) : read_scalar(rest);
    if (!value) return false;
    map[name->get<std::string>()] = *std::move(value);
    return true;
  }

  std::vector<Line> lines_;
  std::size_t next_ = 0;
};

std::optional<SkillFile> read_file(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const json uri = entry.value("uri", json()), digest = entry.value("digest", json()),
             size = entry.value("size", json());
  if (!uri.is_string() || !digest.is_string() || !size.is_number_unsigned()) return std::nullopt;
  return SkillFile{uri.get<std::string>(), digest.get<std::string>(), size.get<std::uint64_t>()};
}

}  // namespace

std::vector<SkillEntry> read_skills(const json& result) {
  std::vector<SkillEntry> skills;
  if (!result.is_object()) return skills;
  for (const auto& entry : result.value("skills", json::array())) {
    if (!entry.is_object() || !entry.value("uri", json()).is_string()) continue;
    SkillEntry skill{entry["uri"].get<std::string>(), entry.value("frontmatter", json::object()), {}};
    for (const auto& listed : entry.value("resources", json::array()))
      if (auto file = read_file(listed)) skill.files.push_back(*std::move(file));
    skills.push_back(std::move(skill));
  }
  return skills;
}

std::string wrong_with_skill_file(const SkillEntry& skill, const std::string& uri, std::string_view content) {
  const auto listed =
      std::find_if(skill.files.begin(), skill.files.end(), [&](const SkillFile& file) { return file.uri == uri; });
  if (listed == skill.files.end()) return "the skill lists no such file";
  if (content.size() != listed->size) return "its size is another than listed";
  if (sha256_name(content) != listed->digest) return "its digest is another than listed";
  if (uri != skill.uri) return "";
  const auto frontmatter = read_frontmatter(content);
  if (!frontmatter) return "its frontmatter cannot be read";
  return *frontmatter == skill.frontmatter ? "" : "its frontmatter is another than listed";
}

std::optional<json> read_frontmatter(std::string_view content) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  const auto first = content.find('\n');
  if (first == std::string_view::npos || trimmed(content.substr(0, first), kLineBlanks) != "---") return std::nullopt;
  const std::string_view rest = content.substr(first + 1, kFrontmatterBytesMax);
  for (std::size_t from = 0; from < rest.size();) {
    const auto end = std::min(rest.find('\n', from), rest.size());
    if (trimmed(rest.substr(from, end - from), kLineBlanks) == "---") return BlockReader{rest.substr(0, from)}.read();
    from = end + 1;
  }
  return std::nullopt;
}

}  // namespace carillon::transport
