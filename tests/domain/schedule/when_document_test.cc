// docs/when.md: every example of its tables. Tables with `next` or `kind` are understood as they say, those with
// `error` refused as they say. Its commands are run by tests/e2e/when.test.mjs.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "server/domain/schedule/schedule.h"
#include "tests/domain/friday.h"

using namespace carillon;
using carillon::test::kBerlin;

namespace {

using Row = std::map<std::string, std::string>;  // by the head of the column

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string unquoted(const std::string& cell) {
  return cell.starts_with('`') && cell.ends_with('`') ? cell.substr(1, cell.size() - 2) : cell;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t begin = 1; begin < line.size();) {
    const auto end = line.find(" |", begin);
    if (end == std::string::npos) break;
    cells.push_back(trimmed(line.substr(begin, end - begin)));
    begin = end + 2;
  }
  return cells;
}

std::vector<Row> examples() {
  std::ifstream page("docs/when.md");
  std::vector<Row> rows;
  std::vector<std::string> heads;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("|")) heads.clear();
    const auto cells = cells_of(line);
    if (cells.empty() || line.starts_with("|---")) continue;
    if (heads.empty()) {
      heads = cells;
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < cells.size() && i < heads.size(); ++i) row[heads[i]] = unquoted(cells[i]);
    if (row.contains("text")) rows.push_back(row);
  }
  return rows;
}

}  // namespace

TEST_CASE("the examples of the page on when mean what it says", "[domain][schedule][documents]") {
  int understood = 0, refused = 0;
  for (const Row& row : examples()) {
    const auto schedule = parse_when(row.at("text"), kBerlin);
    INFO(row.at("text"));
    if (row.contains("error")) {
      REQUIRE_FALSE(schedule.ok());
      const json answer = to_answer(schedule.error());
      CHECK(answer.at("error") == row.at("error"));
      CHECK(std::to_string(answer.at("position").get<int>()) == row.at("position"));
      if (!row.at("instead").empty())
        CHECK_THAT(answer.at("try").get<std::vector<std::string>>(), Catch::VectorContains(row.at("instead")));
      ++refused;
      continue;
    }
    REQUIRE(schedule.ok());
    CHECK(reads(*schedule) == row.at("reads back as"));
    if (row.contains("kind")) CHECK(name_of(schedule->kind()) == row.at("kind"));
    if (row.contains("next")) {
      std::string next = to_rfc3339_in(next_slot(*schedule, kBerlin.now)->at, "Europe/Berlin").substr(0, 16);
      CHECK(next.replace(10, 1, " ") == row.at("next"));
    }
    ++understood;
  }
  CHECK(understood >= 50);
  CHECK(refused >= 13);
}
