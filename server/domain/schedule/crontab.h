// Crontabs: a crontab(5) taken apart into its entries. Schedules are not read here; `cron <schedule>` of the `when`
// language reads them. A line that is no entry, setting, comment or blank becomes a problem, not an end.
//
// Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carillon {

inline constexpr std::size_t kCrontabEntriesMax = 200;

struct CrontabEntry {
  std::size_t line = 0;   // from 1
  std::string schedule;   // five fields, or @daily and its kin
  std::string command;    // as written; a `%` is cron's newline
  std::string zone;       // of the last CRON_TZ before it; empty: the machine's
  std::string user{};     // of a crontab that names users
  std::string mail_to{};  // of the last MAILTO before it
  std::string path{};     // of the last PATH before it; empty: cron's own
};

// NAME=value, but for those that the entries have.
struct CrontabSetting {
  std::size_t line = 0;
  std::string name;
};

struct CrontabProblem {
  std::size_t line = 0;
  std::string text;  // what is wrong with it
};

struct Crontab {
  std::vector<CrontabEntry> entries{};  // at most kCrontabEntriesMax
  std::vector<CrontabProblem> problems{};
  std::vector<CrontabSetting> settings{};  // at most kCrontabEntriesMax
};

// A person's own, as `crontab -l` prints it, or one like /etc/crontab, where a user's name follows the schedule.
enum class CrontabForm { own, with_users };

Crontab read_crontab(std::string_view text, CrontabForm form = CrontabForm::own);

}  // namespace carillon
