#include "server/domain/schedule/crontab.h"

#include <algorithm>

#include "server/base/ascii.h"

namespace carillon {

namespace {

constexpr std::size_t kCrontabLineBytesMax = 4'000;
constexpr std::string_view kCrontabBlanks = " \t\r";
constexpr std::size_t kFields = 5;

// The first word; `text` becomes what follows it.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(kCrontabBlanks), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end), kCrontabBlanks);
  return word;
}

bool is_variable_name(std::string_view text) {
  const auto fits = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), fits);
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

class CrontabReader {
 public:
  explicit CrontabReader(CrontabForm form) : form_(form) {}

  void read_line(std::size_t number, std::string_view line) {
    line = trimmed(line, kCrontabBlanks);
    if (line.empty() || line.front() == '#' || take_setting(number, line)) return;
    if (line.size() > kCrontabLineBytesMax) return refuse(number, "longer than 4,000 characters");
    std::string schedule;
    const std::size_t fields = line.front() == '@' ? 1 : kFields;
    for (std::size_t i = 0; i < fields && !line.empty(); ++i)
      schedule += (schedule.empty() ? "" : " ") + std::string(take_word(line));
    if (schedule == "@reboot")
      return refuse(number, "@reboot is no time; what starts with the machine cannot be scheduled");
    std::string user;
    if (form_ == CrontabForm::with_users) user = take_word(line);
    if (line.empty())
      return refuse(number, user.empty() ? "no command follows the schedule" : "no command follows the user");
    if (crontab_.entries.size() == kCrontabEntriesMax) return refuse(number, "more than 200 entries");
    crontab_.entries.push_back(
        {number, std::move(schedule), std::string(line), zone_, std::move(user), mail_to_, path_});
  }
  Crontab take() { return std::move(crontab_); }

 private:
  // NAME=value.
  bool take_setting(std::size_t number, std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view name = without_quotes(trimmed(line.substr(0, equals), kCrontabBlanks));
    if (!is_variable_name(name)) return false;
    const std::string_view value = without_quotes(trimmed(line.substr(equals + 1), kCrontabBlanks));
    if (name == "CRON_TZ")
      zone_ = value;
    else if (name == "MAILTO")
      mail_to_ = value;
    else if (name == "PATH")
      path_ = value;
    else if (crontab_.settings.size() < kCrontabEntriesMax)
      crontab_.settings.push_back({number, std::string(name)});
    return true;
  }
  void refuse(std::size_t number, std::string why) {
    if (crontab_.problems.size() < kCrontabEntriesMax) crontab_.problems.push_back({number, std::move(why)});
  }

  const CrontabForm form_;
  Crontab crontab_;
  std::string zone_, mail_to_, path_;
};

}  // namespace

Crontab read_crontab(std::string_view text, CrontabForm form) {
  CrontabReader reader{form};
  std::size_t number = 0;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    reader.read_line(++number, text.substr(from, end - from));
    from = end + 1;
  }
  return reader.take();
}

}  // namespace carillon
