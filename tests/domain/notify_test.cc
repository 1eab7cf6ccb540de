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

TEST_CASE("a webhook's address is read strictly and kept as it is", "[domain][notify]") {
  for (const char* good : {"https://example.com", "https://example.com/hook?a=b%20c", "http://box:8080/x",
                           "https://[::1]:8443/", "https://a_b.example-1.org?x"}) {
    INFO(good);
    const std::string target = std::string{"webhook:"} + good;
    CHECK(*read_notify_target(target, "/notify") == target);
    CHECK(kind_of_target(target) == TargetKind::webhook);
  }
  for (const char* bad :
       {"", "example.com", "ftp://example.com", "https://", "https:///x", "https://me:secret@example.com/",
        "https://good.example\\@evil.example/", "https://a b.example/", "https://example.com/ü",
        "https://example.com/#x", "https://example.com:/", "https://example.com:99999999/", "https://example.com:1x/",
        "https://[::1/", "https://[x]/", "https://example.com\r\nX: y"}) {
    INFO(bad);
    const auto refused = read_notify_target(std::string{"webhook:"} + bad, "/notify");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().pointer == "/notify");
  }
  CHECK_FALSE(read_notify_target("webhook:https://example.com/" + std::string(2000, 'x'), "/notify").ok());
}

TEST_CASE("a mail address is one that no header and no command can be hidden in", "[domain][notify]") {
  for (const char* good : {"anna@example.org", "a.b+c@sub.example.org", "root@localhost", "o'neill@example.org"}) {
    INFO(good);
    const std::string target = std::string{"email:"} + good;
    CHECK(*read_notify_target(target, "/notify") == target);
    CHECK(kind_of_target(target) == TargetKind::email);
  }
  for (const char* bad :
       {"", "anna", "@example.org", "anna@", "anna@.org", "a..b@example.org", ".a@example.org",
        "anna@example.org\r\nBcc: x@example.org", "Anna <anna@example.org>", "anna@example.org,b@c.org",
        "anna@exämple.org", "a b@example.org", "\"a b\"@example.org", "a@b@c", "a@b>"}) {
    INFO(bad);
    CHECK_FALSE(read_notify_target(std::string{"email:"} + bad, "/notify").ok());
  }
  CHECK_FALSE(is_mail_address(std::string(65, 'a') + "@example.org"));
  CHECK_FALSE(is_mail_address("a@" + std::string(260, 'b')));
}

TEST_CASE("a tool is a target with what it gets beside the text", "[domain][notify]") {
  CHECK(*read_notify_target("slack.send", "/notify") == "slack.send");
  CHECK(*read_notify_target("slack.send   {\"channel\" : \"#me\"}", "/notify") == R"(slack.send {"channel":"#me"})");
  CHECK(kind_of_target("email.send") == TargetKind::tool);
  const ToolTarget target = tool_of_target(R"(slack.send {"channel":"#me"})");
  CHECK(target.tool == "slack.send");
  CHECK(target.arguments == json{{"channel", "#me"}});
  CHECK(tool_of_target("slack.send").arguments == json::object());
  for (const char* bad : {"slack", ".send", "slack.", "slack.send {", "slack.send [1]", "slack.send now", "fax:a.b"}) {
    INFO(bad);
    CHECK_FALSE(read_notify_target(bad, "/notify").ok());
  }
}

TEST_CASE("what is told goes to the only text argument that is left", "[domain][notify]") {
  struct Row {
    const char* schema;
    const char* target;
    const char* argument;  // empty: refused
  };
  const auto row = GENERATE(values<Row>({
      {R"({"required":["text"],"properties":{"text":{"type":"string"},"x":{"type":"string"}}})", "s.t", "text"},
      {R"({"required":["to","text"],"properties":{"to":{"type":"string"},"text":{"type":"string"}}})", "s.t", ""},
      {R"({"required":["to","text"],"properties":{"to":{"type":"string"},"text":{"type":"string"}}})",
       R"(s.t {"to":"me"})", "text"},
      {R"({"properties":{"text":{"type":"string"},"n":{"type":"integer"}}})", "s.t", "text"},
      {R"({"properties":{"a":{"type":"string"},"b":{"type":"string"}}})", "s.t", ""},
      {R"({"properties":{"a":{"type":"string"},"b":{"type":"string"}}})", R"(s.t {"a":"x"})", "b"},
      {R"({"required":["n"],"properties":{"n":{"type":"integer"}}})", "s.t", ""},
      {R"({"required":["n"],"properties":{"n":{"type":"integer"},"t":{"type":"string"}}})", R"(s.t {"n":1})", "t"},
      {R"({"required":"text","properties":[]})", "s.t", ""},
      {"true", "s.t", ""},
  }));
  INFO(row.schema << " " << row.target);
  const auto argument = text_argument(ordered_json::parse(row.schema), tool_of_target(row.target));
  CHECK((argument ? *argument : "") == row.argument);
  if (!argument) CHECK(argument.error().pointer == "/notify");
}

TEST_CASE("a draft takes each target once and refuses what is no wish", "[domain][notify]") {
  const auto draft = read_draft({{"notify", {"session", "session"}}, {"notify_on", "change"}});
  REQUIRE(draft.ok());
  CHECK(*draft->notify == std::vector<std::string>{"session"});
  CHECK(*draft->notify_on == "change");
  CHECK(read_draft({{"notify", json::array()}, {"notify_on", ""}}).ok());
  for (const json& wrong : {json{{"notify", "session"}}, json{{"notify", {1}}}, json{{"notify", {"fax:1"}}},
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
