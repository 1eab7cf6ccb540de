#include "server/domain/pipeline/outline.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace carillon::pipeline {
namespace {

constexpr std::size_t kShownMax = 80;
constexpr int kDepthMax = 100;

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kShownMax) return text;
  std::size_t cut = kShownMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return text.substr(0, cut) + "…";
}

// A list of steps by their ids; nothing when it is some other list, or an id comes twice.
std::vector<std::string> ids_of(const json& list) {
  std::vector<std::string> ids;
  for (const json& each : list) {
    const auto id = each.is_object() ? each.find("id") : each.end();
    if (!each.is_object() || id == each.end() || !id->is_string()) return {};
    ids.push_back(*id);
  }
  std::vector<std::string> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() ? ids : std::vector<std::string>{};
}

json by_id(const json& list) {
  json named = json::object();
  for (const json& each : list) named[each["id"].get<std::string>()] = each;
  return named;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

void compare(const std::string& path, const json& before, const json& after, std::vector<std::string>& lines);

void compare_members(const std::string& path, const json& before, const json& after, std::vector<std::string>& lines) {
  json names = before;
  names.update(after);
  for (const auto& [name, value] : names.items()) {
    const std::string here = path.empty() ? name : path + "." + name;
    if (!before.contains(name))
      lines.push_back(here + ": " + (value.is_object() ? "added" : shown(after[name]) + " added"));
    else if (!after.contains(name))
      lines.push_back(here + ": removed");
    else
      compare(here, before[name], after[name], lines);
  }
}

void compare_steps(const std::string& path, const json& before, const json& after, std::vector<std::string>& lines) {
  compare_members(path, by_id(before), by_id(after), lines);
  const auto stayed = [](std::vector<std::string> ids, const json& others) {
    std::erase_if(ids, [&](const std::string& id) { return !others.contains(id); });
    return ids;
  };
  const auto was = stayed(ids_of(before), by_id(after)), is = stayed(ids_of(after), by_id(before));
  if (was != is) lines.push_back(path + ": in the order " + joined(was) + " → " + joined(is));
}

void compare(const std::string& path, const json& before, const json& after, std::vector<std::string>& lines) {
  if (before == after) return;
  const bool too_deep = std::count(path.begin(), path.end(), '.') > kDepthMax;
  if (before.is_object() && after.is_object() && !too_deep) return compare_members(path, before, after, lines);
  if (before.is_array() && after.is_array() && !ids_of(before).empty() && !ids_of(after).empty() && !too_deep)
    return compare_steps(path, before, after, lines);
  lines.push_back(path + ": " + shown(before) + " → " + shown(after));
}

}  // namespace

std::vector<std::vector<std::string>> stages_of(const std::vector<Step>& steps) {
  std::vector<std::size_t> stage(steps.size(), 0);
  // Needs may point forwards; there are no circles, so that it settles after at most so many rounds as there are steps.
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < steps.size(); ++i)
      for (const std::size_t need : steps[i].needs)
        if (stage[i] <= stage[need]) {
          stage[i] = stage[need] + 1;
          moved = true;
        }
  }
  std::vector<std::vector<std::string>> stages;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (stages.size() <= stage[i]) stages.resize(stage[i] + 1);
    stages[stage[i]].push_back(steps[i].id);
  }
  return stages;
}

std::vector<std::string> differences(const json& before, const json& after, std::size_t lines_max) {
  std::vector<std::string> lines;
  compare("", before, after, lines);
  if (lines.size() <= lines_max) return lines;
  const std::size_t more = lines.size() - lines_max + 1;
  lines.resize(lines_max - 1);
  lines.push_back("and " + std::to_string(more) + " more");
  return lines;
}

}  // namespace carillon::pipeline
