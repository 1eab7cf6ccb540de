#include "tools/prompt_facts.h"

#include <vector>

#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"

namespace carillon::tools {
namespace {

constexpr int kTasksLookedAt = 500;
constexpr std::size_t kFailingLookedAt = 15;
constexpr std::size_t kGroupShown = 8;

std::string names_line(const std::vector<std::string>& names) {
  std::string line;
  for (std::size_t i = 0; i < names.size() && i < kGroupShown; ++i) line += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kGroupShown) line += " and " + std::to_string(names.size() - kGroupShown) + " more";
  return line;
}

Result<std::vector<TaskRow>> all_tasks(const PromptCall& call) {
  std::vector<TaskRow> tasks;
  ListTasks query{.limit = kLimitMax};
  do {
    auto page = call.ports.engine.list_tasks(call.caller, query);
    if (!page.ok()) return page.error();
    tasks.insert(tasks.end(), page->tasks.begin(), page->tasks.end());
    query.cursor = page->next_cursor;
  } while (query.cursor && tasks.size() < kTasksLookedAt);
  return tasks;
}

std::string duplicates_among(const std::vector<TaskRow>& tasks) {
  std::map<std::string, std::vector<std::string>> alike;
  for (const auto& task : tasks)
    if (task.state == TaskState::active && task.kind != "manual")
      alike[task.action + ", " + task.reads + " " + task.zone].push_back(task.task);
  std::string lines;
  for (const auto& [what, names] : alike)
    if (names.size() > 1) lines += "- " + names_line(names) + " (" + what + ")\n";
  return lines;
}

std::string together_in(const Previewed& agenda) {
  std::map<Instant, std::vector<std::string>> at;
  for (const auto& entry : agenda.agenda) at[entry.at].push_back(entry.task);
  std::string lines;
  for (const auto& [instant, names] : at)
    if (names.size() > 1) lines += "- " + describe_local(instant, agenda.zone) + ": " + names_line(names) + "\n";
  return lines;
}

Result<std::string> never_succeeded_among(const PromptCall& call, const std::vector<TaskRow>& tasks) {
  std::string lines;
  std::size_t looked_at = 0;
  for (const auto& task : tasks) {
    if (!task.failing || looked_at++ >= kFailingLookedAt) continue;
    const auto detail = call.ports.engine.get_task(call.caller, {.task = task.task});
    if (!detail.ok()) continue;  // deleted meanwhile
    const RunStatistics& statistics = detail->statistics;
    if (statistics.finished > 0 && statistics.succeeded == 0)
      lines += "- " + task.task + ": " + std::to_string(statistics.finished) + " runs, last " +
               (task.last ? task.last->error_class : "") + "\n";
  }
  return lines;
}

}  // namespace

std::string section(const std::string& title, const std::string& text, std::size_t chars_max) {
  const Extract shown = extract(text, chars_max);
  std::string body = shown.text.empty() ? "(nothing)" : shown.text;
  if (!shown.whole) body += "… (more is left out)";
  if (body.back() != '\n') body += '\n';
  return "## " + title + "\n" + body + "\n";
}

Result<Previewed> preview_window(const PromptCall& call, const std::string& from, const std::string& to) {
  Preview query{.to = to, .count = kLimitMax};
  if (!from.empty()) query.from = from;
  auto previewed = call.ports.engine.preview(call.caller, query);
  if (previewed.ok()) return previewed;
  query.to = "in " + to;  // a bare duration
  auto again = call.ports.engine.preview(call.caller, query);
  return again.ok() ? again : previewed;
}

std::string slots_by_task(const Previewed& agenda) {
  struct Slots {
    Instant first;
    std::string zone;
    std::size_t count = 0;
  };
  std::vector<std::string> order;
  std::map<std::string, Slots> by_task;
  for (const auto& entry : agenda.agenda) {
    const auto [at, added] = by_task.try_emplace(entry.task, Slots{entry.at, entry.zone});
    if (added) order.push_back(entry.task);
    ++at->second.count;
  }
  std::string lines;
  for (const auto& task : order) {
    const Slots& slots = by_task.at(task);
    lines += "- " + task + ": " + std::to_string(slots.count) + (slots.count == 1 ? " time" : " times") + ", first " +
             say_time(slots.first, slots.zone, agenda.now) + "\n";
  }
  if (agenda.more)
    lines += "(these are the first " + std::to_string(agenda.agenda.size()) + " times; there are more)\n";
  return lines;
}

Result<TaskReview> review_tasks(const PromptCall& call) {
  const auto tasks = all_tasks(call);
  if (!tasks.ok()) return tasks.error();
  const auto agenda = preview_window(call, "", "24h");
  if (!agenda.ok()) return agenda.error();
  auto never = never_succeeded_among(call, *tasks);
  if (!never.ok()) return never.error();
  std::map<std::string, std::size_t> states;
  for (const auto& task : *tasks) ++states[task.failing ? "failing" : std::string(name_of(task.state))];
  std::string counts;
  for (const auto& [state, count] : states) counts += "- " + state + ": " + std::to_string(count) + "\n";
  return TaskReview{std::move(counts), duplicates_among(*tasks), std::move(*never), together_in(*agenda)};
}

}  // namespace carillon::tools
