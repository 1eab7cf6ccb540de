#include "server/domain/crontab_task.h"

#include <catch2/catch.hpp>

using namespace carillon;

namespace {

const CrontabContext kContext{.user = "ann", .find_program = [](const std::string& name, const std::string& path) {
                                return name == "report" ? std::optional{path.substr(0, path.find(':')) + "/report"}
                                                        : std::nullopt;
                              }};

Result<json> task(CrontabEntry entry, std::set<std::string> names = {}) { return crontab_task(entry, kContext, names); }
CrontabEntry entry(std::string command) {
  return {.line = 1, .schedule = "30 7 * * 1-5", .command = std::move(command), .zone = ""};
}

}  // namespace

TEST_CASE("a command is split as a shell would have", "[domain][crontab]") {
  using Words = std::vector<std::string>;
  auto [text, words] = GENERATE(table<std::string, Words>({
      {"/bin/a  --all\tx", Words{"/bin/a", "--all", "x"}},
      {R"(/bin/a 'one | two' "three $")", Words{}},
      {R"(/bin/a 'one | $two' "th\"ree" fo\ ur '')", Words{"/bin/a", "one | $two", "th\"ree", "fo ur", ""}},
      {R"(/bin/a --x=1 "a\b" \$HOME)", Words{"/bin/a", "--x=1", "a\\b", "$HOME"}},
      {R"(/bin/date +\%F)", Words{"/bin/date", "+%F"}},
  }));
  CAPTURE(text);
  const auto command = read_command(text);
  CHECK(command.ok() == !words.empty());
  if (command.ok()) CHECK(command->words == words);
}

TEST_CASE("what follows a percent sign is the program's input", "[domain][crontab]") {
  const auto command = read_command(R"(/bin/mail ann%Hello,%100\% sure; bye)");
  REQUIRE(command.ok());
  CHECK(command->words == std::vector<std::string>{"/bin/mail", "ann"});
  CHECK(command->input == "Hello,\n100% sure; bye\n");
  CHECK_FALSE(read_command("/bin/mail ann")->input);
}

TEST_CASE("what only a shell could do is refused by its character", "[domain][crontab]") {
  auto [text, reason] = GENERATE(table<std::string, std::string>({
      {"/bin/a > /dev/null 2>&1", "`>`"},
      {"/bin/a | /bin/b", "`|`"},
      {"cd /srv && ./run", "`&`"},
      {"/bin/a; /bin/b", "`;`"},
      {"/bin/a $HOME", "`$`"},
      {R"(/bin/a "$HOME")", "`$`"},
      {"/bin/a `date`", "```"},
      {"/bin/a *.log", "`*`"},
      {"/bin/a 'x", "quotation mark"},
      {"X=1 /bin/a", "`X=1` sets a variable"},
      {"%input", "no command"},
  }));
  CAPTURE(text);
  const auto command = read_command(text);
  REQUIRE_FALSE(command.ok());
  CHECK(command.error().message.find(reason) != std::string::npos);
}

TEST_CASE("an entry becomes a task with a script step", "[domain][crontab]") {
  CrontabEntry given = entry(R"(/opt/report.sh --to '${x}'%body)");
  given.zone = "Asia/Tokyo";
  given.mail_to = "ann@example.com";
  const auto made = task(given);
  REQUIRE(made.ok());
  CHECK(*made == json::parse(R"({"name":"cron-report.sh","when":"cron 30 7 * * 1-5","timezone":"Asia/Tokyo",
    "description":"30 7 * * 1-5 /opt/report.sh --to '${x}'%body","tags":["crontab"],
    "notify":["email:ann@example.com"],"notify_on":"failure",
    "steps":[{"id":"run","script":{"command":["/opt/report.sh","--to","$${x}"],"stdin":"body\n"},"timeout":"1h"}]})"));
  given.mail_to = "root";
  CHECK_FALSE(task(given)->contains("notify"));
}

TEST_CASE("programs are found where cron would have and names stay apart", "[domain][crontab]") {
  CHECK(task(entry("report x"))->at("steps")[0]["script"]["command"] == json{"/usr/bin/report", "x"});
  CrontabEntry with_path = entry("report");
  with_path.path = "/opt/bin:/bin";
  CHECK(task(with_path)->at("steps")[0]["script"]["command"][0] == "/opt/bin/report");
  CHECK(task(entry("nothing")).error().message == "there is no program nothing in /usr/bin:/bin");
  CHECK(task(entry("/a/report"), {"cron-report", "cron-report-2"})->at("name") == "cron-report-3");
}

TEST_CASE("an entry of somebody else is not run by us", "[domain][crontab]") {
  CrontabEntry given = entry("/bin/a");
  given.user = "ann";
  CHECK(task(given).ok());
  given.user = "root";
  CHECK(task(given).error().message == "cron runs it as root, and Carillon would as ann");
}
