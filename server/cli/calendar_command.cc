// `carillon calendar add | list | show | delete`: named calendars of days that schedules leave out or keep to.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "server/cli/command.h"
#include "server/cli/complain.h"
#include "server/cli/local_engine.h"
#include "server/domain/ics_days.h"

namespace carillon::cli {
namespace {

std::string read_all(std::istream& stream) { return {std::istreambuf_iterator<char>{stream}, {}}; }

Result<std::string> text_of_file(const std::string& file) {
  if (file == "-") return read_all(std::cin);
  std::ifstream stream{file};
  if (!stream) return Error{ErrorCode::arguments_invalid, "the file " + file + " cannot be read"};
  return read_all(stream);
}

// The days that --ics and the dates on the line name together.
Result<Days> days_of(const Parsed& parsed) {
  std::string words;
  for (std::size_t i = 2; i < parsed.rest.size(); ++i) words += parsed.rest[i] + " ";
  auto days = read_days(words, "/dates");
  if (!days.ok() || !parsed.has("ics")) return days;
  const auto text = text_of_file(parsed.value("ics", ""));
  if (!text.ok()) return text.error();
  return with_days_of_ics(*std::move(days), *text, SystemClock{}.now());
}

int add(LocalEngine& local, const Parsed& parsed) {
  auto days = days_of(parsed);
  if (!days.ok()) return refused(days.error());
  SaveCalendar command{.name = parsed.rest[1], .days = std::move(*days)};
  if (parsed.has("description")) command.description = parsed.value("description", "");
  const auto saved = local.engine().save_calendar(local.owner(), command);
  if (!saved.ok()) return refused(saved.error());
  std::printf("%s %s: %lld days\n", saved->name.c_str(), saved->result.c_str(), static_cast<long long>(saved->days));
  for (const auto& task : saved->tasks) std::printf("  next slots derived anew: %s\n", task.c_str());
  return kExitOk;
}

int list_calendars(LocalEngine& local) {
  const auto calendars = local.engine().list_calendars(local.owner(), std::nullopt);
  if (!calendars.ok()) return refused(calendars.error());
  for (const auto& calendar : *calendars)
    std::printf("%-24s %4zu days, used by %zu tasks  %s\n", calendar.name.c_str(), calendar.days.size(),
                calendar.tasks.size(), calendar.description.c_str());
  return kExitOk;
}

int show(LocalEngine& local, const std::string& name) {
  const auto found = local.engine().list_calendars(local.owner(), name);
  if (!found.ok()) return refused(found.error());
  const CalendarView& calendar = found->front();
  std::printf("%s\n", reads(calendar.days).c_str());
  for (const auto& task : calendar.tasks) std::printf("used by %s\n", task.c_str());
  return kExitOk;
}

int remove(LocalEngine& local, const std::string& name) {
  const auto deleted = local.engine().delete_calendar(local.owner(), {.name = name});
  if (!deleted.ok()) return refused(deleted.error());
  std::printf("%s deleted\n", deleted->name.c_str());
  return kExitOk;
}

bool says_calendar_command(const Parsed& parsed) {
  const std::string what = parsed.rest.empty() ? "" : parsed.rest[0];
  if (what == "list") return parsed.rest.size() == 1;
  if (what == "show" || what == "delete") return parsed.rest.size() == 2;
  return what == "add" && parsed.rest.size() >= 2 && (parsed.rest.size() > 2 || parsed.has("ics"));
}

}  // namespace

int run_calendar(const Words& words) {
  const auto parsed = parse_words(words, {.command = "calendar",
                                          .flags = {},
                                          .own = {{"ics", "a file in iCalendar's format; - reads stdin", "FILE"},
                                                  {"description", "what the days are", "TEXT"}}});
  if (!parsed) return kExitUsage;
  if (!says_calendar_command(*parsed)) {
    std::fprintf(
        stderr,
        "carillon: say what: carillon calendar add NAME DATE… | add NAME --ics FILE | list | show NAME | delete "
        "NAME\n");
    return kExitUsage;
  }
  auto local = LocalEngine::open(parsed->config);
  if (!local.ok()) return refused(local.error());
  const std::string& what = parsed->rest[0];
  if (what == "add") return add(**local, *parsed);
  if (what == "list") return list_calendars(**local);
  return what == "show" ? show(**local, parsed->rest[1]) : remove(**local, parsed->rest[1]);
}

}  // namespace carillon::cli
