#include "server/domain/ics_text.h"

#include <catch2/catch.hpp>

namespace carillon {
namespace {

TEST_CASE("folded lines and quoted parameters of a calendar become properties with their lines", "[domain][ics_text]") {
  const auto all = parse_ics(
      "\xEF\xBB\xBF"
      "BEGIN:VCALENDAR\r\n"
      "PRODID:-//A;B:C//EN\r\n"
      "BEGIN:VEVENT\r\n"
      "SUMMARY;LANGUAGE=de;x-note=\"a;b:c\":Tag der\r\n"
      "  Deutschen \r\n"
      "\tEinheit\r\n"
      "\r\n"
      "dtstart;value=DATE:20261003\n"
      "END:VEVENT\r\n"
      "END:vcalendar");
  REQUIRE(all.ok());
  REQUIRE(all->size() == 1);
  const IcsComponent& calendar = all->front();
  CHECK(calendar.find("PRODID")->value == "-//A;B:C//EN");
  REQUIRE(calendar.components.size() == 1);
  const IcsComponent& event = calendar.components.front();
  CHECK(event.line == 3);
  CHECK(event.find("SUMMARY")->value == "Tag der Deutschen Einheit");
  CHECK(event.find("SUMMARY")->parameter("X-NOTE") == "a;b:c");
  CHECK(event.find("SUMMARY")->parameter("LANGUAGE") == "de");
  CHECK(event.find("DTSTART")->line == 8);
  CHECK(event.find("DTSTART")->parameter("VALUE") == "DATE");
  CHECK(event.find("DTEND") == nullptr);
  CHECK(event.all("DTSTART").size() == 1);
}

TEST_CASE("a text that is no calendar is refused with the line and what would be one", "[domain][ics_text]") {
  const auto [text, line, words] = GENERATE(table<std::string, std::size_t, std::string>({
      {"", 1, "no calendar in the text"},
      {"holidays", 1, "no NAME:value"},
      {"SUMMARY:x\n", 1, "begins with BEGIN:VCALENDAR"},
      {"BEGIN:VTODO\nEND:VTODO\n", 1, "no calendar in the text"},
      {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART", 3, "no NAME:value"},
      {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;DATE:20261225\n", 3, "no parameter"},
      {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\n", 3, "begins in line 2; it was cut off"},
      {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", 3, "END:VEVENT must come first"},
      {"END:VCALENDAR\n", 1, "nothing has begun"},
  }));
  INFO(text);
  const auto refused = parse_ics(text);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::arguments_invalid);
  CHECK(refused.error().pointer == "/ics");
  CHECK(refused.error().details.at("line") == line);
  CHECK_THAT(refused.error().message,
             Catch::Contains(words) && Catch::StartsWith("line " + std::to_string(line) + ": "));
}

TEST_CASE("components in each other have an end", "[domain][ics_text]") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "BEGIN:X\n";
  CHECK(parse_ics(text).error().details.at("line") == 9);
}

}  // namespace
}  // namespace carillon
