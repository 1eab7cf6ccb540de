#include "server/domain/template.h"

#include <catch2/catch.hpp>
#include <random>

#include "server/domain/template_text.h"

namespace carillon {
namespace {

const json kRoots = json::parse(R"({
  "input": {"city": "Chisinau", "count": 3},
  "steps": {"events": [{"title": "a"}, {"title": "b"}], "weather": {"temperature": 4.5, "text": "fog"}, "skipped": null},
  "run": {"slot": "2026-03-28T06:30:00.250000Z", "handle": "brief#1"},
  "now": "2026-11-20T14:05:00Z",
  "item": "${now}"
})");

json rendered(const json& value, const TemplateOptions& options = {}) {
  auto result = render_template(value, kRoots, options);
  if (!result) FAIL(result.error().pointer << " " << result.error().message);
  return *result;
}

Error refused(const json& value, const TemplateOptions& options = {}) {
  auto result = render_template(value, kRoots, options);
  REQUIRE_FALSE(result.ok());
  return result.error();
}

TEST_CASE("a template is filled in and a whole one keeps its type", "[domain][template]") {
  const auto [text, expected] = GENERATE(table<std::string, json>({
      {"no template", "no template"},
      {"", ""},
      {"$ { } $x $", "$ { } $x $"},
      {"${input.city}", "Chisinau"},
      {"${input.count}", 3},
      {"${steps.weather}", json{{"temperature", 4.5}, {"text", "fog"}}},
      {"${steps.skipped}", nullptr},
      {"${ steps.events[0].title }", "a"},
      {"${steps.events[-1].title}", "b"},
      {"${steps.events[*].title}", json{"a", "b"}},
      {"${steps.events[1]}", json{{"title", "b"}}},
      {"in ${input.city}: ${steps.weather.temperature} degrees", "in Chisinau: 4.5 degrees"},
      {"${input.count}${input.count}", "33"},
      {"${`42.0`} of ${`-0.5`} and ${`1e300`}", "42 of -0.5 and 1e+300"},
      {"got ${steps.weather} and ${steps.skipped}", R"(got {"temperature":4.5,"text":"fog"} and null)"},
      {"$${input.city}", "${input.city}"},
      {"$$${input.city}", "$${input.city}"},
      {"${steps.x.y || 'default'}", "default"},
      {"${ {a: input.city, b: '}'} }", json{{"a", "Chisinau"}, {"b", "}"}}},
      {"${`{\"a\": \"}\"}`}", json{{"a", "}"}}},
      {"${length(steps.events)} events", "2 events"},
      {"${item}", "${now}"},
      {"${now+24h}", "2026-11-21T14:05:00Z"},
      {"${now - 7d}", "2026-11-13T14:05:00Z"},
      {"${ now + 1h30m }", "2026-11-20T15:35:00Z"},
      {"${run.slot+1w}", "2026-04-04T06:30:00.250000Z"},
      {"until ${now+90s}", "until 2026-11-20T14:06:30Z"},
  }));
  CHECK(rendered(text) == expected);
}

TEST_CASE("values are filled in at any depth and member names never", "[domain][template]") {
  CHECK(rendered(json{{"${now}", {{"a", {"${input.count}", true, nullptr}}}}}) ==
        json{{"${now}", {{"a", {3, true, nullptr}}}}});
}

TEST_CASE("days are calendar days of the zone and hours are elapsed", "[domain][template]") {
  // Europe/Berlin leaves winter time in the night to 2026-03-29.
  TemplateOptions berlin;
  berlin.zone = "Europe/Berlin";
  CHECK(rendered("${run.slot+1d}", berlin) == "2026-03-29T05:30:00.250000Z");
  CHECK(rendered("${run.slot+24h}", berlin) == "2026-03-29T06:30:00.250000Z");
  CHECK(rendered("${run.slot+1d2h}", berlin) == "2026-03-29T07:30:00.250000Z");
}

TEST_CASE("a path that leads nowhere is refused with what there is instead", "[domain][template]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"${steps.wether.text}",
       "${steps.wether.text} leads nowhere: there is no \"wether\" in steps: did you mean \"weather\"? If it is "
       "optional write ${steps.wether.text || 'default'}"},
      {"${stepz.weather}",
       "${stepz.weather} leads nowhere: there is no \"stepz\" in the roots: did you mean \"steps\"? If it is optional "
       "write ${stepz.weather || 'default'}"},
      {"${steps.weather.qqqqqqq}",
       "${steps.weather.qqqqqqq} leads nowhere: there is no \"qqqqqqq\" in steps.weather; there is temperature, text. "
       "If it is optional write ${steps.weather.qqqqqqq || 'default'}"},
      {"${steps.events[7].title}",
       "${steps.events[7].title} leads nowhere: steps.events has 2 items, none at [7]. If it is optional write "
       "${steps.events[7].title || 'default'}"},
      {"${steps.skipped.text}",
       "${steps.skipped.text} leads nowhere: steps.skipped is null, without members. If it is optional write "
       "${steps.skipped.text || 'default'}"},
      {"${input.city.name}",
       "${input.city.name} leads nowhere: input.city is a string, without members. If it is optional write "
       "${input.city.name || 'default'}"},
  }));
  const Error error = refused({{"with", {text}}});
  CHECK(error.code == ErrorCode::arguments_invalid);
  CHECK(error.pointer == "/with/0");
  CHECK(error.message == message);
}

TEST_CASE("the nearest names come with the error for programs too", "[domain][template]") {
  const Error error = refused("${steps.wether}");
  CHECK(error.details.at("path") == "steps.wether");
  CHECK(error.details.at("nearest") == json{"weather"});
}

TEST_CASE("what is no expression or no time is refused", "[domain][template]") {
  const auto text = GENERATE(as<std::string>{}, "${", "a ${now", "${}", "${now+}", "${now+5}", "${now+1y}",
                             "${now++1h}", "${input.city+1h}", "${input.count-1d}", "${now+999999999w}",
                             "${now+99999999999999999999h}", "${foo(", "${nofunction(now)}", "${'}");
  CHECK(refused(text).code == ErrorCode::arguments_invalid);
}

TEST_CASE("templates that multiply data are stopped", "[domain][template]") {
  json bomb = json::array();
  for (int i = 0; i < 1'000; ++i) bomb.push_back("${steps}${steps}");
  TemplateOptions small;
  small.output_bytes_max = 10'000;
  const Error error = refused(bomb, small);
  CHECK(error.code == ErrorCode::too_large);
  CHECK(error.message.find("10000") != std::string::npos);
  json wide(1'000, "${steps}");
  CHECK(refused(wide, small).code == ErrorCode::too_large);
}

TEST_CASE("a value nested too deep is refused", "[domain][template]") {
  json deep = "${now}";
  for (int i = 0; i < 300; ++i) deep = json::array({std::move(deep)});
  CHECK(refused(deep).message == "is nested too deep: flatten it");
  CHECK_FALSE(check_template(deep).ok());
}

TEST_CASE("a check names the roots and refuses what is no expression with its place", "[domain][template]") {
  const auto roots =
      check_template({{"a", "${input.city} ${steps.x || now}"}, {"b", {"${run.slot+1d}", "$${nothing}"}}});
  REQUIRE(roots.ok());
  CHECK(*roots == std::vector<std::string>{"input", "now", "run", "steps"});
  const auto refusal = check_template({{"a", {{"b/c", "${input..city}"}}}});
  REQUIRE_FALSE(refusal.ok());
  CHECK(refusal.error().pointer == "/a/b~1c");
  CHECK(refusal.error().message == "${input..city}: after a . there must be a name, *, [ or { (at character 7)");
}

TEST_CASE("a condition may stand bare or in a template", "[domain][template]") {
  CHECK(bare_expression("length(a) > `0`") == "length(a) > `0`");
  CHECK(bare_expression(" ${a == 'b'} ") == "a == 'b'");
  CHECK(bare_expression("${a} && ${b}") == "${a} && ${b}");
  CHECK(bare_expression("  ").empty());
}

TEST_CASE("random template texts are rendered or refused and never crash", "[domain][template]") {
  std::mt19937 random{11};  // NOLINT: the same every time
  const std::vector<std::string> pieces{"${", "}",   "$",  "{", "now", "+1h", "-2d", "steps", ".",  "'", "\"", "`",
                                        "\\", "[0]", "||", "(", ")",   "*",   " ",   "é",     "[?", "]", "&"};
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
    const bool checks = check_template(text).ok();
    const bool renders = render_template(text, kRoots).ok();
    if (renders && !checks) FAIL(text << " renders but does not check");
    accepted += renders ? 1 : 0;
  }
  CHECK(accepted > 1'000);
}

}  // namespace
}  // namespace carillon
