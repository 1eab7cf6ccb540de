#include "server/domain/crontab_task.h"

#include <nlohmann/json.hpp>

namespace carillon {

namespace {

constexpr std::string_view kOfShells = "|&;<>()$`*?[]{}#~!";
constexpr std::string_view kOfShellsInQuotes = "$`";
constexpr std::string_view kPathOfCron = "/usr/bin:/bin";
constexpr const char* kTimeout = "1h";  // a step's longest; cron knows none
constexpr std::size_t kCronNameBytesMax = 150;

Error no_shell(char c) {
  return {ErrorCode::arguments_invalid, std::string("no shell runs it, and only a shell makes something of `") + c +
                                            "`; write the command into a program of its own"};
}

// One pass over the part before the first bare `%`.
class Words {
 public:
  std::optional<Error> read(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quote_ == '\0' && (c == ' ' || c == '\t')) {
        end_word();
      } else if (quote_ == '\0' && (c == '\'' || c == '"')) {
        quote_ = c;
        open_ = true;
      } else if (quote_ != '\0' && c == quote_) {
        quote_ = '\0';
      } else if (c == '\\' && escapes(text, i + 1)) {
        add(text[++i]);
      } else if (is_of_shells(c)) {
        return no_shell(c);
      } else {
        add(c);
      }
    }
    if (quote_ != '\0') return Error{ErrorCode::arguments_invalid, "a quotation mark is never closed"};
    end_word();
    return std::nullopt;
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  bool escapes(std::string_view text, std::size_t next) const {
    if (quote_ == '\'' || next == text.size()) return false;
    return quote_ == '\0' || std::string_view("\"\\$`").find(text[next]) != std::string_view::npos;
  }
  bool is_of_shells(char c) const {
    if (quote_ == '\'') return false;
    return (quote_ == '"' ? kOfShellsInQuotes : kOfShells).find(c) != std::string_view::npos;
  }
  void add(char c) {
    word_ += c;
    open_ = true;
  }
  void end_word() {
    if (open_) words_.push_back(std::move(word_));
    word_.clear();
    open_ = false;
  }

  std::vector<std::string> words_;
  std::string word_;
  char quote_ = '\0';
  bool open_ = false;
};

// cron's part: `\%` is a percent sign, the first other one ends the command, all further ones are line ends.
void split_at_percent(std::string_view text, std::string& command, std::optional<std::string>& input) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%';
    if (escaped) ++i;
    if (text[i] == '%' && !escaped) {
      if (input)
        *input += '\n';
      else
        input.emplace();
    } else {
      (input ? *input : command) += text[i];
    }
  }
  if (input) *input += '\n';
}

// Nothing in it is a template.
std::string literal_word(std::string text) {
  for (auto at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3)) text.insert(at, "$");
  return text;
}

std::string name_for(const std::string& program, std::set<std::string>& names) {
  const std::string base = "cron-" + program.substr(program.rfind('/') + 1).substr(0, kCronNameBytesMax);
  std::string name = base;
  for (int n = 2; !names.insert(name).second; ++n) name = base + "-" + std::to_string(n);
  return name;
}

}  // namespace

Result<Command> read_command(std::string_view text) {
  std::string line;
  Command command;
  split_at_percent(text, line, command.input);
  Words words;
  if (auto error = words.read(line)) return *error;
  command.words = words.take();
  if (command.words.empty()) return Error{ErrorCode::arguments_invalid, "there is no command"};
  const std::string& first = command.words.front();
  if (first.find('=') != std::string::npos && first.front() != '/')
    return Error{ErrorCode::arguments_invalid, "`" + first + "` sets a variable, and programs get none"};
  return command;
}

Result<json> crontab_task(const CrontabEntry& entry, const CrontabContext& context, std::set<std::string>& names) {
  auto command = read_command(entry.command);
  if (!command) return command.error();
  std::string& program = command->words.front();
  const std::string name = name_for(program, names);
  if (!entry.user.empty() && entry.user != context.user)
    return Error{ErrorCode::arguments_invalid,
                 "cron runs it as " + entry.user + ", and Carillon would as " + context.user};
  if (program.front() != '/') {
    const std::string path = entry.path.empty() ? std::string(kPathOfCron) : entry.path;
    const auto found = context.find_program(program, path);
    if (!found) return Error{ErrorCode::arguments_invalid, "there is no program " + program + " in " + path};
    program = *found;
  }
  json words = json::array();
  for (const auto& word : command->words) words.push_back(literal_word(word));
  json script{{"command", std::move(words)}};
  if (command->input) script["stdin"] = literal_word(*command->input);
  json task{{"name", name},
            {"when", "cron " + entry.schedule},
            {"description", entry.schedule + " " + entry.command},
            {"tags", {"crontab"}},
            {"steps", {{{"id", "run"}, {"script", std::move(script)}, {"timeout", kTimeout}}}}};
  if (!entry.zone.empty()) task["timezone"] = entry.zone;
  // cron mails what a program writes; that a run failed is what is told here.
  if (entry.mail_to.find('@') != std::string::npos) {
    task["notify"] = {"email:" + entry.mail_to};
    task["notify_on"] = "failure";
  }
  return task;
}

}  // namespace carillon
