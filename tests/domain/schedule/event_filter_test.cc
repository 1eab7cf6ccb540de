// Topic patterns and the expressions behind them.
#include "server/domain/schedule/event_filter.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

using namespace carillon;

TEST_CASE("a topic pattern matches word by word", "[domain][schedule][event]") {
  const auto [pattern, type, matches] = GENERATE(table<std::string, std::string, bool>({
      {"deploy.finished", "deploy.finished", true},
      {"deploy.finished", "deploy.started", false},
      {"deploy.finished", "deploy.finished.eu", false},
      {"deploy.*", "deploy.finished", true},
      {"deploy.*", "deploy", false},
      {"deploy.*", "deploy.eu.finished", false},
      {"*.finished", "deploy.finished", true},
      {"*", "deploy", true},
      {"*", "deploy.finished", false},
      {"deploy.#", "deploy", true},
      {"deploy.#", "deploy.eu.finished", true},
      {"deploy.#", "deployment.eu", false},
      {"#", "anything.at.all", true},
      {"#.finished", "finished", true},
      {"#.finished", "deploy.eu.finished", true},
      {"#.finished", "deploy.finished.eu", false},
      {"a.#.b.*", "a.b.c", true},
      {"a.#.b.*", "a.x.b.y.b.c", true},
      {"a.#.b.*", "a.x.b", false},
      {"#.#.#.x", "a.b.c.d.e.x", true},
      {"Deploy.*", "deploy.finished", false},
  }));
  INFO(pattern << " on " << type);
  CHECK(topic_matches(pattern, type) == matches);
  CHECK(std::regex_search("." + type, std::regex{topic_regex(pattern)}) == matches);
}

TEST_CASE("an event that is told has a name without wildcards and none of Carillon's own",
          "[domain][schedule][event]") {
  for (const char* good : {"deploy", "deploy.finished", "my.task.finished", "a-b_c.9"}) {
    INFO(good);
    CHECK(check_event_type(good).ok());
  }
  for (const char* bad :
       {"", "deploy.", "deploy.*", "#", "deploy finished", "task.run.failed", "webhook.12", "event", "carillon.x"}) {
    INFO(bad);
    CHECK_FALSE(check_event_type(bad).ok());
  }
  CHECK_FALSE(check_event_type(std::string(201, 'a')).ok());
}

TEST_CASE("many wildcards cost no more than few", "[domain][schedule][event]") {
  std::string pattern = "#", type = "a";
  for (int i = 0; i < 60; ++i) pattern += ".#", type += ".a";
  CHECK_FALSE(topic_matches(pattern + ".b", type + type));
}

TEST_CASE("an expression decides over the event", "[domain][schedule][event]") {
  const json payload{{"env", "prod"}, {"tries", 3}};
  const auto matches = [&](const char* pattern, const char* where) {
    return event_matches({pattern, where}, {"deploy.finished", payload});
  };
  CHECK(*matches("deploy.*", ""));
  CHECK(*matches("deploy.*", "payload.env == 'prod'"));
  CHECK(*matches("deploy.*", "event == 'deploy.finished' && payload.tries > `2`"));
  CHECK_FALSE(*matches("deploy.*", "payload.env == 'test'"));
  CHECK_FALSE(*matches("deploy.*", "payload.nothing"));
  CHECK_FALSE(*matches("build.*", "payload.env == 'prod'"));
  const auto wrong = matches("deploy.*", "length(payload.tries) > `2`");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == ErrorCode::arguments_invalid);
}

TEST_CASE("what is no pattern is refused with its position", "[domain][schedule][event]") {
  const auto [pattern, position] =
      GENERATE(table<std::string, int>({{"", 0}, {"a..b", 2}, {"a.", 2}, {"a.b!", 2}, {"a.*b", 2}, {".a", 0}}));
  INFO(pattern);
  const auto checked = check_topic_pattern(pattern);
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().details.at("position") == position);
  CHECK_FALSE(check_topic_pattern(std::string(201, 'a')).ok());
}
