#include "server/domain/task.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::kNow;

namespace {

TaskDefinition definition(const std::string& when = "every day at 07:30") {
  TaskDefinition made;
  made.when = when;
  made.schedule = *parse_when(when, {.now = kNow, .zone = "Europe/Berlin"});
  made.action = *read_action(json::parse(R"({"kind":"tool","tool":"a.b","arguments":{"x":1}})"), "");
  made.tags = {"a", "b"};
  return made;
}

}  // namespace

TEST_CASE("a definition survives being stored", "[domain][task]") {
  TaskDefinition made = definition();
  made.deadline = 1h;
  made.dedupe = Dedupe{"key", 5min};
  made.lock = "reports";
  made.options.timeout = 5s;
  const auto read = definition_from_json(to_json(made));
  REQUIRE(read.ok());
  CHECK(to_json(*read) == to_json(made));
  CHECK(same_definition(*read, made));
}

TEST_CASE("a damaged definition is refused and never throws", "[domain][task]") {
  const json good = to_json(definition());
  CHECK_FALSE(definition_from_json(json(nullptr)).ok());
  CHECK_FALSE(definition_from_json(json::parse("{", nullptr, false)).ok());
  for (const auto& [member, value] : good.items()) {
    CAPTURE(member);
    if (member == "timezone") continue;  // the schedule has it; this one is for readers
    json without = good;
    without.erase(member);
    // Versions that were stored before there were notifications have none.
    const bool came_later = member == "notify" || member == "notify_on";
    CHECK(definition_from_json(without).ok() == came_later);
    json wrong = good;
    wrong[member] = json::array({json::object()});
    CHECK_FALSE(definition_from_json(wrong).ok());
  }
  json odd = good;
  odd["deadline"] = "soon";
  CHECK_FALSE(definition_from_json(odd).ok());
  odd = good;
  odd["dedupe"] = {{"key", "k"}, {"window", "x"}};
  CHECK_FALSE(definition_from_json(odd).ok());
}

TEST_CASE("what was said decides about sameness and not when it was said", "[domain][task]") {
  TaskDefinition one = definition("in 20m");
  TaskDefinition later = one;
  later.schedule = *parse_when("in 20m", {.now = kNow + 1h, .zone = "Europe/Berlin"});
  CHECK(same_definition(one, later));
  later.priority = 1;
  CHECK_FALSE(same_definition(one, later));
}

TEST_CASE("changes are told field by field", "[domain][task]") {
  const TaskDefinition before = definition();
  TaskDefinition after = before;
  after.when = "every day at 08:00";
  after.action.arguments = {{"x", 2}};
  after.tags = {"a"};
  after.options.grace = 1h;
  const auto told = changes(before, after);
  REQUIRE(told.size() == 4);
  CHECK(told[0].field == "when");
  CHECK(told[1].field == "arguments");
  CHECK(told[1].before == json{{"x", 1}});
  CHECK(told[1].after == json{{"x", 2}});
  CHECK(told[2].field == "tags");
  CHECK(told[3].field == "options.grace");
  CHECK(told[3].before == nullptr);
  CHECK(changes(before, before).empty());
}

TEST_CASE("a definition as arguments leaves out what is empty", "[domain][task]") {
  CHECK(as_arguments(definition()) ==
        json::parse(R"({"when":"every day at 07:30","timezone":"Europe/Berlin","tool":"a.b",
    "arguments":{"x":1},"tags":["a","b"],"priority":5})"));
}

TEST_CASE("policies are those of the options and else of the kind", "[domain][task]") {
  TaskDefinition made = definition();
  CHECK(misfire_policy(made, kNow).misfire == Misfire::once);
  CHECK(misfire_policy(made, kNow).grace.has_value());
  CHECK(overlap_policy(made) == Overlap::skip);
  made.options.misfire = Misfire::all;
  CHECK_FALSE(misfire_policy(made, kNow).grace.has_value());
  made.options.grace = 5min;
  made.options.max_catch_up = 3;
  made.options.overlap = Overlap::allow;
  CHECK(*misfire_policy(made, kNow).grace == 5min);
  CHECK(misfire_policy(made, kNow).max_catch_up == 3);
  CHECK(overlap_policy(made) == Overlap::allow);
}

TEST_CASE("what others tell once is queued unless the task says otherwise", "[domain][task]") {
  const auto policy = [](const char* when) {
    TaskDefinition made = definition();
    made.schedule = *parse_when(when, WhenContext{kNow, "UTC"});
    return overlap_policy(made);
  };
  CHECK(policy("on event deploy.*") == Overlap::queue_all);
  CHECK(policy("on event deploy.* or on webhook") == Overlap::queue_all);
  CHECK(policy("on event deploy.* or every day at 07:30") == Overlap::skip);
  CHECK(policy("after etl succeeds") == Overlap::skip);
}

TEST_CASE("a run expires by its options or its deadline whichever comes first", "[domain][task]") {
  TaskDefinition made = definition();
  CHECK_FALSE(expires_at(made, kNow).has_value());
  CHECK_FALSE(finish_by(made, kNow).has_value());
  made.options.expires = 30min;
  CHECK(*expires_at(made, kNow) == kNow + 30min);
  made.deadline = 10min;
  CHECK(*expires_at(made, kNow) == kNow + 10min);
  CHECK(*finish_by(made, kNow) == kNow + 10min);
}

TEST_CASE("jitter depends on task and slot only", "[domain][task]") {
  TaskDefinition made = definition();
  CHECK(jittered(made, TaskId{1}, kNow) == kNow);
  made.options.jitter = 60s;
  const Instant first = jittered(made, TaskId{1}, kNow);
  CHECK(first == jittered(made, TaskId{1}, kNow));
  CHECK(first != jittered(made, TaskId{2}, kNow));
  CHECK(first != jittered(made, TaskId{1}, kNow + 24h) - 24h);
  for (int i = 0; i < 100; ++i) {
    const Instant at = jittered(made, TaskId{i}, kNow);
    CHECK(at >= kNow);
    CHECK(at < kNow + 60s);
  }
}

TEST_CASE("an action is named in a few words", "[domain][task]") {
  CHECK(describe_action(definition().action) == "tool a.b");
  CHECK(describe_action(*read_action(json::parse(R"({"kind":"message","message":"hi"})"), "")) == "message \"hi\"");
  CHECK(describe_action(*read_action(json::parse(R"({"kind":"steps","steps":[{"id":"a","uses":"a.b"}]})"), "")) ==
        "1 step");
}

TEST_CASE("states of a task have names", "[domain][task]") {
  for (const TaskState state : {TaskState::active, TaskState::paused, TaskState::done})
    CHECK(task_state_named(name_of(state)) == state);
  CHECK_FALSE(task_state_named("gone").has_value());
}
