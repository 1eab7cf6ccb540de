// From an entry of a crontab to a task: `cron <schedule>`, and a script step that starts the command's program.
//
// Carillon runs no shell, so a command is taken over where a shell would only have split it into words: a program and
// its arguments, with quotes and backslashes, and what follows a `%` as its standard input. What a shell would do more
// (pipes, redirections, variables, patterns, several commands) is refused by its character, because dropping it would
// be another command. Whether the program may be started (`script.programs`) is judged where the task is saved.
//
// Pure, but for the look-up of programs that it is given; thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/schedule/crontab.h"

namespace carillon {

struct Command {
  std::vector<std::string> words;  // at least one
  std::optional<std::string> input{};
};

// Errors: arguments_invalid, what stands in the way.
Result<Command> read_command(std::string_view text);

struct CrontabContext {
  std::string user;  // whose daemon it is: entries of others are refused
  // The absolute path of a program by its name and a PATH.
  std::function<std::optional<std::string>(const std::string& name, const std::string& path)> find_program;
};

// The arguments of schedule_task. The name is "cron-" and the program's, with a number where `names` holds it already;
// it is added there. Errors: arguments_invalid.
Result<json> crontab_task(const CrontabEntry& entry, const CrontabContext& context, std::set<std::string>& names);

}  // namespace carillon
