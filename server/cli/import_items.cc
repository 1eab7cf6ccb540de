#include "server/cli/import_items.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "server/domain/crontab_task.h"
#include "server/domain/ordinaut.h"
#include "server/process/executable.h"

namespace carillon::cli {
namespace {

// Whose programs a daemon starts that we may start.
std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

std::string text_in(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string name_of(const ImportItem& item) {
  if (!item.arguments.is_object()) return "";
  const std::string name = text_in(item.arguments, "name");
  return name.empty() ? text_in(item.arguments, "title") : name;
}

// "…/payload/pipeline/1/uses: there is no tool …; try …", for each of the problems.
std::string why_refused(const json& error, const json& arguments) {
  const auto line = [&](const json& problem) {
    const std::string named = text_in(problem, "pointer");
    std::string message = text_in(problem, "message");
    if (!named.empty() && message.starts_with(named + " ")) message.erase(0, named.size() + 1);
    return (named.empty() ? "" : ordinaut_pointer(arguments, named) + ": ") + message;
  };
  const json problems = error.value("problems", json::array({error}));
  std::string text;
  for (const json& problem : problems) text += (text.empty() ? "" : "; ") + line(problem);
  const json instead = error.value("try", json());
  if (instead.is_array() && !instead.empty())
    text += "; try " + instead[0].dump(-1, ' ', false, json::error_handler_t::replace);
  return text;
}

// The answer as an object: of an error its text, because structured content may be left out of it.
json answer_of(const json& result) {
  if (result.contains("structuredContent")) return result["structuredContent"];
  const json content = result.value("content", json::array());
  if (content.empty()) return json::object();
  json read = json::parse(content[0].value("text", ""), nullptr, false);
  return read.is_object() ? read : json{{"message", content[0].value("text", "")}};
}

std::vector<std::string> warnings_of(const json& answer, const json& arguments) {
  std::vector<std::string> rewritten;
  if (is_ordinaut(arguments))
    if (auto known = from_ordinaut(arguments)) rewritten = std::move(known->notes);
  std::vector<std::string> warnings;
  for (const json& warning : answer.value("warnings", json::array()))
    if (warning.is_string() && std::find(rewritten.begin(), rewritten.end(), warning) == rewritten.end())
      warnings.push_back(warning);
  return warnings;
}

}  // namespace

std::vector<ImportItem> items_of(const json& file, const std::string& path) {
  if (file.is_object() && file.value("items", json()).is_array()) {
    auto items = items_of(file["items"], path + "/items");
    const json total = file.value("total", json());
    if (total.is_number_unsigned() && total.get<std::size_t>() > items.size())
      items.push_back({.place = path,
                       .problem = "the list has only " + std::to_string(items.size()) + " of " + total.dump() +
                                  " tasks; fetch all of them"});
    return items;
  }
  if (!file.is_array()) return {{.place = path, .arguments = file}};
  std::vector<ImportItem> items;
  for (std::size_t i = 0; i < file.size(); ++i)
    items.push_back({.place = path + "/" + std::to_string(i), .arguments = file[i]});
  return items;
}

std::vector<ImportItem> items_of_crontab(std::string_view text, const std::string& path, CrontabForm form) {
  const Crontab crontab = read_crontab(text, form);
  const CrontabContext context{.user = user_name(), .find_program = [](const auto& name, const auto& search) {
                                 return process::find_executable(name, search);
                               }};
  std::vector<std::pair<std::size_t, ImportItem>> found;
  const auto place = [&](std::size_t line) { return path + ":" + std::to_string(line); };
  std::set<std::string> names;
  for (const auto& entry : crontab.entries) {
    auto task = crontab_task(entry, context, names);
    ImportItem item{.place = place(entry.line)};
    if (task)
      item.arguments = *std::move(task);
    else
      item.problem = task.error().message;
    found.emplace_back(entry.line, std::move(item));
  }
  for (const auto& problem : crontab.problems)
    found.emplace_back(problem.line, ImportItem{.place = place(problem.line), .problem = problem.text});
  for (const auto& setting : crontab.settings)
    found.emplace_back(setting.line,
                       ImportItem{.place = place(setting.line),
                                  .problem = setting.name + " is not handed on: programs get no variables",
                                  .is_left_out = true});
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ImportItem> items;
  for (auto& [line, item] : found) items.push_back(std::move(item));
  return items;
}

std::optional<ImportedRow> import_item(const ImportItem& item, const ImportTarget& target) {
  ImportedRow row{.what = "refused", .name = name_of(item), .place = item.place};
  if (item.is_left_out) row.what = "left out";
  row.said = item.problem;
  if (item.problem.empty() && !item.arguments.is_object()) row.said = "an item is an object";
  if (!row.said.empty()) return row;
  json arguments = item.arguments;
  arguments.update(target.more);
  const auto result = target.call({{"name", target.tool}, {"arguments", std::move(arguments)}});
  if (!result) return std::nullopt;
  const json answer = answer_of(*result);
  if (result->value("isError", false)) {
    row.said = why_refused(answer, item.arguments);
    return row;
  }
  row.what = text_in(answer, "result");
  const json next = answer.value("/schedule/next"_json_pointer, json());
  if (next.is_array() && !next.empty()) row.said = "next " + next[0].get<std::string>();
  row.notes = warnings_of(answer, item.arguments);
  return row;
}

}  // namespace carillon::cli
