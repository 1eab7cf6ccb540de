#include "server/domain/schedule/crontab.h"

#include <catch2/catch.hpp>

namespace carillon {
namespace {

TEST_CASE("a crontab is taken apart into schedules and commands", "[domain][crontab]") {
  const auto crontab = read_crontab(
      "# edited by hand\n"
      "\n"
      "SHELL=/bin/sh\n"
      "  30 7 * * 1-5   /usr/bin/report  --all \n"
      "@daily\tbackup % now\r\n");
  REQUIRE(crontab.entries.size() == 2);
  CHECK(crontab.problems.empty());
  CHECK(crontab.entries[0].line == 4);
  CHECK(crontab.entries[0].schedule == "30 7 * * 1-5");
  CHECK(crontab.entries[0].command == "/usr/bin/report  --all");
  CHECK(crontab.entries[0].zone.empty());
  CHECK(crontab.entries[1].schedule == "@daily");
  CHECK(crontab.entries[1].command == "backup % now");
}

TEST_CASE("CRON_TZ holds for the entries that follow it", "[domain][crontab]") {
  const auto crontab = read_crontab("0 1 * * * a\nCRON_TZ=\"Asia/Tokyo\"\n0 2 * * * b\nCRON_TZ = UTC\n0 3 * * * c");
  REQUIRE(crontab.entries.size() == 3);
  CHECK(crontab.entries[0].zone.empty());
  CHECK(crontab.entries[1].zone == "Asia/Tokyo");
  CHECK(crontab.entries[2].zone == "UTC");
}

TEST_CASE("what is no entry becomes a problem that names its line", "[domain][crontab]") {
  const auto crontab = read_crontab("@reboot start\n0 1 * * *\n5 * * * * fine\n" + std::string(5'000, 'x'));
  CHECK(crontab.entries.size() == 1);
  REQUIRE(crontab.problems.size() == 3);
  CHECK(crontab.problems[0].line == 1);
  CHECK(crontab.problems[1].line == 2);
  CHECK(crontab.problems[2].line == 4);
}

TEST_CASE("a setting whose value looks like anything is not taken for an entry", "[domain][crontab]") {
  CHECK(read_crontab("MAILTO=a b c d e f\nPATH = /usr/bin\n'X'=1").problems.empty());
  // Five fields come first, so an equals sign in the command is the command's.
  CHECK(read_crontab("0 1 * * * X=1 run").entries.size() == 1);
}

TEST_CASE("a crontab without end is cut", "[domain][crontab]") {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "0 1 * * * a\n";
  const auto crontab = read_crontab(text);
  CHECK(crontab.entries.size() == kCrontabEntriesMax);
  CHECK(crontab.problems.size() <= kCrontabEntriesMax);
}

TEST_CASE("a setting holds for the entries that follow it and others are named", "[domain][crontab]") {
  const auto crontab = read_crontab(
      "SHELL=/bin/sh\n0 1 * * * a\nMAILTO=ann@example.com\nPATH=\"/opt/bin:/bin\"\n0 2 * * * b\nMAILTO=\"\"\n"
      "0 3 * * * c");
  REQUIRE(crontab.entries.size() == 3);
  CHECK((crontab.entries[0].mail_to.empty() && crontab.entries[0].path.empty()));
  CHECK(crontab.entries[1].mail_to == "ann@example.com");
  CHECK(crontab.entries[1].path == "/opt/bin:/bin");
  CHECK((crontab.entries[2].mail_to.empty() && crontab.entries[2].path == "/opt/bin:/bin"));
  REQUIRE(crontab.settings.size() == 1);
  CHECK((crontab.settings[0].line == 1 && crontab.settings[0].name == "SHELL"));
}

TEST_CASE("a crontab that names users has them before its commands", "[domain][crontab]") {
  const std::string text = "17 * * * * root run-parts /etc/cron.hourly\n@daily ann\n";
  const auto crontab = read_crontab(text, CrontabForm::with_users);
  REQUIRE(crontab.entries.size() == 1);
  CHECK(crontab.entries[0].user == "root");
  CHECK(crontab.entries[0].command == "run-parts /etc/cron.hourly");
  REQUIRE(crontab.problems.size() == 1);
  CHECK(crontab.problems[0].text == "no command follows the user");
  CHECK(read_crontab(text).entries[0].command == "root run-parts /etc/cron.hourly");
}

}  // namespace
}  // namespace carillon
