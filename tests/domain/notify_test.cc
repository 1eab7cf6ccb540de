#include "server/domain/notify.h"

#include <catch2/catch.hpp>

#include "server/domain/task.h"
#include "server/domain/task_draft.h"

namespace carillon {
namespace {

TEST_CASE("targets that nobody delivers to are refused with those that there are", "[domain][notify]") {
  CHECK(*read_notify_target("session", "/notify") == "session");
  const auto refused = read_notify_target("sesion", "/notify");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::arguments_invalid);
  CHECK(refused.error().pointer == "/notify");
  CHECK(refused.error().message.find("\"session\"") != std::string::npos);
  CHECK(refused.error().details["accepted"][0] == "session");
}

TEST_CASE("a draft takes each target once and refuses what is no wish", "[domain][notify]") {
  const auto draft = read_draft({{"notify", {"session", "session"}}, {"notify_on", "change"}});
  REQUIRE(draft.ok());
  CHECK(*draft->notify == std::vector<std::string>{"session"});
  CHECK(*draft->notify_on == "change");
  CHECK(read_draft({{"notify", json::array()}, {"notify_on", ""}}).ok());
  for (const json& wrong : {json{{"notify", "session"}}, json{{"notify", {1}}}, json{{"notify", {"email:a@b"}}},
                            json{{"notify_on", "sometimes"}}, json{{"notify_on", 1}},
                            json{{"notify", std::vector<std::string>(11, "session")}}}) {
    INFO(wrong.dump());
    CHECK_FALSE(read_draft(wrong).ok());
  }
}

TEST_CASE("a message tells of every delivery and a call of its failures unless the task says otherwise",
          "[domain][notify]") {
  TaskDefinition task;
  task.action.kind = ActionKind::message;
  CHECK(notify_on(task) == NotifyOn::always);
  task.action.kind = ActionKind::tool;
  CHECK(notify_on(task) == NotifyOn::failure);
  task.notify_on = NotifyOn::never;
  CHECK(notify_on(task) == NotifyOn::never);
}

TEST_CASE("what a task tells is part of its definition", "[domain][notify]") {
  TaskDefinition quiet;
  quiet.action.message = "hi";
  quiet.schedule = *parse_when("manual", {.now = Instant{}, .zone = "UTC"});
  quiet.when = "manual";
  TaskDefinition loud = quiet;
  loud.notify = {"session"};
  loud.notify_on = NotifyOn::always;
  CHECK_FALSE(same_definition(quiet, loud));
  const auto changed = changes(quiet, loud);
  REQUIRE(changed.size() == 2);
  CHECK(changed[0].field == "notify");
  CHECK(changed[1].field == "notify_on");
  const auto read = definition_from_json(to_json(loud));
  REQUIRE(read.ok());
  CHECK(same_definition(*read, loud));
  CHECK(as_arguments(loud)["notify"] == json{"session"});
  CHECK_FALSE(as_arguments(quiet).contains("notify"));
  // As it was stored before there were notifications.
  json old = to_json(quiet);
  old.erase("notify");
  old.erase("notify_on");
  CHECK(same_definition(*definition_from_json(old), quiet));
}

}  // namespace
}  // namespace carillon
