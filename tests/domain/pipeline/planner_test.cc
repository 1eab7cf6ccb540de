#include "server/domain/pipeline/planner.h"

#include <catch2/catch.hpp>

#include "server/domain/pipeline/pipeline.h"

using namespace carillon;
using namespace carillon::pipeline;
using namespace std::chrono_literals;

namespace {

const Instant kRunStart = *parse_rfc3339("2026-11-20T13:00:00Z");

json leaf(const std::string& id, json more = json::object()) {
  json step{{"id", id}, {"uses", "s.do"}};
  step.update(more);
  return step;
}

// A run of a pipeline whose steps are told what becomes of them.
struct Run {
  explicit Run(json steps, RunRoots roots = {}, json more = json::object()) {
    more["steps"] = std::move(steps);
    auto read = read_pipeline(more, "");
    INFO((read ? "" : read.error().pointer + " " + read.error().message));
    REQUIRE(read.ok());
    pipeline = std::make_unique<Pipeline>(*std::move(read));
    planner.emplace(*pipeline, std::move(roots), kRunStart);
  }

  Plan plan() const { return planner->plan(now); }
  std::vector<std::string> starts() const {
    std::vector<std::string> paths;
    for (const Start& start : plan().starts) paths.push_back(start.path);
    return paths;
  }
  bool tell(const std::string& path, StepEvent event, json output = nullptr) {
    Record record{.path = path, .event = event, .attempt = 1, .at = now, .output = std::move(output)};
    record.fault = {ErrorClass::tool_error, "no"};
    record.not_before = now + 1min;
    return planner->apply(record);
  }
  void begin(const std::string& path) { REQUIRE(tell(path, StepEvent::begin)); }
  void finish(const std::string& path, json output = nullptr) {
    begin(path);
    REQUIRE(tell(path, StepEvent::finish, std::move(output)));
  }
  void fail(const std::string& path) {
    begin(path);
    REQUIRE(tell(path, StepEvent::fail));
  }
  RunEnd end() const {
    REQUIRE(plan().end);
    return *plan().end;
  }
  StepState state(const std::string& path) const { return planner->state_of(path); }

  std::unique_ptr<Pipeline> pipeline;
  std::optional<Planner> planner;
  Instant now = kRunStart;
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("steps follow one another unless they say what they need", "[domain][planner]") {
  Run run{{leaf("a"), leaf("b"), leaf("c", {{"needs", json::array()}}), leaf("d", {{"needs", {"b", "c"}}})}};
  CHECK(run.starts() == Paths{"a", "c"});
  run.finish("a", 1);
  CHECK(run.starts() == Paths{"b", "c"});
  run.finish("b", 2);
  run.finish("c", 3);
  CHECK(run.starts() == Paths{"d"});
  CHECK(run.planner->roots_of("d")["steps"] == json::object());
  run.finish("d", 4);
  CHECK(run.end().state == RunState::succeeded);
  CHECK(run.end().output == 4);
}

TEST_CASE("a condition leaves a step out and the next ones go on", "[domain][planner]") {
  Run run{{leaf("a"), leaf("b", {{"if", "steps.a > `3`"}}), leaf("c", {{"with", {{"x", "${steps.b}"}}}})}};
  run.finish("a", 1);
  CHECK(run.state("b") == StepState::skipped);
  CHECK(run.starts() == Paths{"c"});
  CHECK(run.planner->roots_of("c")["steps"] == json{{"b", nullptr}});
  run.finish("c");
  CHECK(run.end().state == RunState::succeeded);
}

TEST_CASE("a failure ends its list and what is under way ends before it", "[domain][planner]") {
  Run run{{leaf("a"), leaf("b", {{"needs", json::array()}}), leaf("c", {{"needs", json::array()}}), leaf("d")}};
  run.begin("b");
  run.fail("a");
  CHECK(run.starts() == Paths{});
  CHECK(run.state("c") == StepState::cancelled);
  CHECK_FALSE(run.plan().end);
  CHECK(run.plan().cancels.empty());
  REQUIRE(run.tell("b", StepEvent::finish));
  CHECK(run.end().state == RunState::failed);
  CHECK(run.end().path == "a");
  CHECK(run.state("d") == StepState::skipped);
}

TEST_CASE("a failure that is handled goes on or leads to a later step", "[domain][planner]") {
  Run run{{leaf("a", {{"on_error", "continue"}}), leaf("b", {{"on_error", "d"}}), leaf("c"),
           leaf("d", {{"with", {{"why", "${error.message}"}}}}), leaf("e")}};
  run.fail("a");
  CHECK(run.starts() == Paths{"b"});
  run.fail("b");
  CHECK(run.state("c") == StepState::skipped);
  CHECK(run.starts() == Paths{"d"});
  CHECK(run.planner->roots_of("d")["error"]["step"] == "b");
  run.finish("d");
  run.finish("e", "done");
  CHECK(run.end().state == RunState::succeeded);
  CHECK(run.end().output == "done");
}

TEST_CASE("a step that an error led past is kept for those whose error may still lead to it", "[domain][planner]") {
  Run run{{leaf("a", {{"on_error", "c"}}), leaf("b", {{"needs", json::array()}, {"on_error", "d"}}), leaf("c"),
           leaf("d", {{"needs", {"a"}}})}};
  run.fail("a");
  CHECK(run.state("d") == StepState::pending);
  run.fail("b");
  run.finish("c");
  CHECK(run.starts() == Paths{"d"});
}

TEST_CASE("a step is tried again when its time has come", "[domain][planner]") {
  Run run{{leaf("a")}};
  run.begin("a");
  REQUIRE(run.tell("a", StepEvent::retry));
  CHECK(run.starts() == Paths{});
  CHECK(run.plan().wake_at == kRunStart + 1min);
  CHECK(run.plan().waits.at(0).state == StepState::retrying);
  run.now = kRunStart + 1min;
  REQUIRE(run.plan().starts.size() == 1);
  CHECK(run.plan().starts[0].attempt == 2);
}

TEST_CASE("branches join as they say", "[domain][planner]") {
  const auto of = [](json join, json more = json::object()) {
    json step{{"id", "p"}, {"parallel", {leaf("x"), json::array({leaf("y"), leaf("y2")}), leaf("z")}}, {"join", join}};
    step.update(more);
    return json::array({step, leaf("after", {{"with", {{"all", "${steps.p}"}}}})});
  };
  SECTION("all") {
    Run run{of("all")};
    CHECK(run.starts() == Paths{"p.0.x", "p.1.y", "p.2.z"});
    run.finish("p.0.x", 1);
    run.finish("p.1.y", 2);
    run.finish("p.1.y2", 3);
    run.finish("p.2.z", 4);
    CHECK(run.planner->roots_of("after")["steps"]["p"] == json{1, 3, 4});
  }
  SECTION("all cannot be reached when one fails and the others are asked to end") {
    Run run{of("all")};
    run.begin("p.0.x");
    run.fail("p.1.y");
    CHECK(run.plan().cancels == Paths{"p.0.x"});
    CHECK(run.state("p.2.z") == StepState::cancelled);
    REQUIRE(run.tell("p.0.x", StepEvent::ask_to_end));
    CHECK(run.plan().cancels.empty());
    REQUIRE(run.tell("p.0.x", StepEvent::cancel));
    CHECK(run.end().state == RunState::failed);
    CHECK(run.end().path == "p");
    CHECK(run.end().fault.message == "p.1.y: no");
  }
  SECTION("any") {
    Run run{of("any")};
    run.fail("p.0.x");
    run.begin("p.1.y");
    run.finish("p.2.z", 4);
    CHECK(run.plan().cancels == Paths{"p.1.y"});
    REQUIRE(run.tell("p.1.y", StepEvent::ask_to_end));
    REQUIRE(run.tell("p.1.y", StepEvent::cancel));
    CHECK(run.starts() == Paths{"after"});
    CHECK(run.planner->roots_of("after")["steps"]["p"] == json{nullptr, nullptr, 4});
  }
  SECTION("a majority that is not in haste waits for all") {
    Run run{of("majority", {{"fail_fast", false}})};
    run.finish("p.0.x", 1);
    run.finish("p.2.z", 4);
    CHECK(run.starts() == Paths{"p.1.y"});
    run.fail("p.1.y");
    CHECK(run.starts() == Paths{"after"});
  }
}

TEST_CASE("a map makes one pass for each item and keeps their order", "[domain][planner]") {
  const auto of = [](const char* on_error) {
    return json::array({{{"id", "label"},
                         {"map", "${input.issues}"},
                         {"as", "issue"},
                         {"max_parallel", 2},
                         {"do", {leaf("add", {{"with", {{"n", "${issue.n}"}, {"at", "${index}"}}}})}},
                         {"on_error", on_error}}});
  };
  RunRoots roots;
  roots.input = {{"issues", {{{"n", 10}}, {{"n", 11}}, {{"n", 12}}}}};
  Run run{of("continue"), roots};
  CHECK(run.starts() == Paths{"label[0].add", "label[1].add"});
  CHECK(run.planner->roots_of("label[1].add")["issue"] == json{{"n", 11}});
  CHECK(run.planner->roots_of("label[1].add")["index"] == 1);
  run.finish("label[1].add", "b");
  CHECK(run.starts() == Paths{"label[0].add", "label[2].add"});
  run.fail("label[2].add");
  run.finish("label[0].add", "a");
  const json output = run.end().output;
  CHECK(output["results"] == json{"a", "b", nullptr});
  REQUIRE(output["failed"].size() == 1);
  CHECK(output["failed"][0]["index"] == 2);
  CHECK(output["failed"][0]["error"]["class"] == "tool_error");

  Run strict{of("fail"), roots};
  strict.fail("label[0].add");
  CHECK(strict.state("label[1].add") == StepState::cancelled);
  CHECK(strict.state("label[2].add") == StepState::pending);
  CHECK(strict.end().state == RunState::failed);

  roots.input = {{"issues", json::array()}};
  CHECK(Run{of("fail"), roots}.end().output == json{{"results", json::array()}, {"failed", json::array()}});
  roots.input = {{"issues", 7}};
  CHECK(Run{of("fail"), roots}.end().fault.error_class == ErrorClass::invalid_arguments);
}

TEST_CASE("a switch takes its first branch that holds", "[domain][planner]") {
  const json steps = json::array({{{"id", "s"},
                                   {"switch",
                                    {{{"if", "input.n > `10`"}, {"do", {leaf("big")}}},
                                     {{"if", "input.n > `5`"}, {"do", {leaf("middle")}}},
                                     {{"else", {leaf("small")}}}}}}});
  const auto taken = [&](int n) {
    RunRoots roots;
    roots.input = {{"n", n}};
    return Run{steps, roots}.starts();
  };
  CHECK(taken(11) == Paths{"s.0.big"});
  CHECK(taken(6) == Paths{"s.1.middle"});
  CHECK(taken(1) == Paths{"s.2.small"});
}

TEST_CASE("after a failure what succeeded is undone in reverse order", "[domain][planner]") {
  const json undo{{"uses", "s.undo"}};
  Run run{{leaf("reserve", {{"undo", undo}}), leaf("charge", {{"undo", undo}}), leaf("note"), leaf("ship")}};
  run.finish("reserve");
  run.finish("charge");
  run.finish("note");
  run.fail("ship");
  CHECK(run.starts() == Paths{"charge!undo"});
  CHECK(run.planner->roots_of("charge!undo")["error"]["step"] == "ship");
  run.finish("charge!undo");
  CHECK(run.state("charge") == StepState::undone);
  CHECK(run.starts() == Paths{"reserve!undo"});
  run.fail("reserve!undo");
  CHECK(run.end().state == RunState::failed);
  CHECK(run.end().path == "ship");
  CHECK(run.end().compensated == false);
  CHECK(run.end().not_undone == Paths{"reserve"});
}

TEST_CASE("a cancelled run ends what is under way and compensates when it is asked to", "[domain][planner]") {
  const auto how = GENERATE(Cancel::stop, Cancel::expire, Cancel::compensate);
  Run run{{leaf("reserve", {{"undo", {{"uses", "s.undo"}}}}), leaf("charge", {{"undo", {{"uses", "s.undo"}}}}),
           leaf("ship")}};
  run.finish("reserve");
  run.begin("charge");
  run.planner->cancel(how, run.now);
  CHECK(run.plan().cancels == (how == Cancel::compensate ? Paths{} : Paths{"charge"}));
  CHECK(run.starts() == Paths{});
  REQUIRE(run.tell("charge", StepEvent::finish));
  if (how != Cancel::stop) {
    run.finish("charge!undo");
    CHECK(run.starts() == Paths{"reserve!undo"});
    run.finish("reserve!undo");
  }
  CHECK(run.end().state == RunState::cancelled);
  CHECK(run.end().compensated == (how == Cancel::stop ? std::nullopt : std::optional{true}));
}

TEST_CASE("a wish to undo adds to another and nobody takes it back", "[domain][planner]") {
  const auto [first, second] =
      GENERATE(table<Cancel, Cancel>({{Cancel::stop, Cancel::compensate}, {Cancel::compensate, Cancel::stop}}));
  Run run{{leaf("a", {{"undo", {{"uses", "s.undo"}}}}), leaf("b")}};
  run.finish("a");
  run.begin("b");
  run.planner->cancel(first, run.now);
  run.planner->cancel(second, run.now);
  CHECK(run.plan().cancels == (first == Cancel::stop ? Paths{"b"} : Paths{}));
  REQUIRE(run.tell("b", StepEvent::finish));
  CHECK(run.starts() == Paths{"a!undo"});
}

TEST_CASE("what waits while a run is to be undone is not waited for and what is repeated is not", "[domain][planner]") {
  Run run{{leaf("a", {{"undo", {{"uses", "s.undo"}}}}),
           leaf("b", {{"needs", {"a"}}}),
           {{"id", "c"}, {"wait", "1h"}, {"needs", {"a"}}},
           leaf("d", {{"needs", {"a"}}})}};
  run.finish("a");
  run.begin("b");
  REQUIRE(run.tell("b", StepEvent::retry));
  run.begin("c");
  REQUIRE(run.tell("c", StepEvent::wait));
  run.begin("d");
  run.planner->cancel(Cancel::compensate, run.now);
  CHECK(run.state("b") == StepState::cancelled);
  CHECK(run.plan().cancels == Paths{"c"});
  REQUIRE(run.tell("c", StepEvent::cancel));
  REQUIRE(run.tell("d", StepEvent::retry));
  CHECK(run.state("d") == StepState::cancelled);
  CHECK(run.starts() == Paths{"a!undo"});
}

TEST_CASE("a run that is to be undone fails where a step did and is unknown where one is", "[domain][planner]") {
  const auto [event, state] = GENERATE(
      table<StepEvent, RunState>({{StepEvent::fail, RunState::failed}, {StepEvent::lose_outcome, RunState::unknown}}));
  Run run{{leaf("a", {{"undo", {{"uses", "s.undo"}}}}), leaf("b")}};
  run.finish("a");
  run.begin("b");
  run.planner->cancel(Cancel::compensate, run.now);
  REQUIRE(run.tell("b", event));
  if (state == RunState::failed) run.finish("a!undo");
  CHECK(run.end().state == state);
  CHECK(run.end().compensated == (state == RunState::failed));
}

TEST_CASE("a run that was to be undone is undone although its journal says that all was done", "[domain][planner]") {
  Run run{{leaf("a", {{"undo", {{"uses", "s.undo"}}}})}};
  run.planner->must_undo();
  CHECK(run.planner->undoes());
  run.finish("a");
  run.finish("a!undo");
  CHECK(run.end().state == RunState::cancelled);
}

TEST_CASE("a container whose time is up ends what is inside and fails", "[domain][planner]") {
  Run run{
      {{{"id", "s"}, {"sequence", {leaf("a"), leaf("b")}}, {"timeout", "1m"}, {"on_error", "continue"}}, leaf("c")}};
  run.begin("s.a");
  CHECK(run.plan().wake_at == kRunStart + 1min);
  run.now = kRunStart + 1min;
  REQUIRE(run.plan().overdue == Paths{"s"});
  REQUIRE(
      run.planner->apply({.path = "s", .event = StepEvent::fail, .at = run.now, .fault = {ErrorClass::timeout, "1m"}}));
  CHECK(run.plan().overdue.empty());
  CHECK(run.plan().cancels == Paths{"s.a"});
  REQUIRE(run.tell("s.a", StepEvent::ask_to_end));
  REQUIRE(run.tell("s.a", StepEvent::cancel));
  CHECK(run.state("s") == StepState::failed);
  CHECK(run.starts() == Paths{"c"});
}

TEST_CASE("a step that a lost worker had under way is begun again unless its list has ended", "[domain][planner]") {
  Run run{{leaf("a"), leaf("b", {{"needs", json::array()}})}};
  run.begin("a");
  REQUIRE(run.tell("a", StepEvent::resume));
  CHECK(run.starts() == Paths{"a", "b"});
  run.begin("a");
  run.fail("b");
  REQUIRE(run.tell("a", StepEvent::resume));
  CHECK(run.state("a") == StepState::cancelled);
  CHECK(run.end().path == "b");
}

TEST_CASE("a held run begins nothing", "[domain][planner]") {
  Run run{{leaf("a"), leaf("b")}};
  run.begin("a");
  run.planner->hold(true);
  REQUIRE(run.tell("a", StepEvent::finish));
  CHECK(run.starts() == Paths{});
  CHECK(run.plan().is_held);
  CHECK_FALSE(run.plan().end);
  run.planner->hold(false);
  CHECK_FALSE(run.plan().is_held);
  CHECK(run.starts() == Paths{"b"});
}

TEST_CASE("a held run repeats nothing and undoes what it has to", "[domain][planner]") {
  Run run{{leaf("a", {{"undo", {{"uses", "s.undo"}}}}), leaf("b"), leaf("c", {{"needs", {"a"}}})}};
  run.finish("a");
  run.begin("b");
  REQUIRE(run.tell("b", StepEvent::retry));
  run.begin("c");
  run.planner->hold(true);
  CHECK_FALSE(run.plan().is_held);
  run.now += 2min;
  CHECK(run.plan().is_held);
  REQUIRE(run.tell("c", StepEvent::fail));
  CHECK(run.starts() == Paths{"a!undo"});
}

TEST_CASE("what comes twice or too late changes nothing", "[domain][planner]") {
  Run run{{leaf("a"), leaf("b")}};
  run.finish("a", 1);
  CHECK_FALSE(run.tell("a", StepEvent::finish, 2));
  CHECK_FALSE(run.tell("a", StepEvent::fail));
  CHECK_FALSE(run.tell("nowhere", StepEvent::begin));
  CHECK_FALSE(run.tell("b", StepEvent::needs_met));
  CHECK(run.planner->roots_of("b")["steps"] == json::object());
  run.begin("b");
  REQUIRE(run.tell("b", StepEvent::lose_outcome));
  CHECK(run.end().state == RunState::unknown);
  CHECK_FALSE(run.tell("b", StepEvent::finish));
}

TEST_CASE("the output is made of its templates", "[domain][planner]") {
  Run run{{leaf("a")}, {}, {{"output", {{"count", "${steps.a.n}"}}}}};
  run.finish("a", {{"n", 3}});
  CHECK(run.end().output == json{{"count", 3}});
  Run wrong{{leaf("a")}, {}, {{"output", "${steps.a.nothing}"}}};
  wrong.finish("a", {{"n", 3}});
  CHECK(wrong.end().state == RunState::failed);
}

TEST_CASE("templates are given what they mention and nothing else", "[domain][planner]") {
  RunRoots roots;
  roots.input = {{"n", 1}};
  roots.event = {{"id", "7"}};
  Run run{{leaf("a"), leaf("b", {{"save_as", "other"}}), leaf("c", {{"with", {{"x", "${steps.other.y} ${input.n}"}}}}),
           leaf("d", {{"with", {{"x", "${keys(steps)}"}}}}), leaf("e", {{"with", {{"x", "${event.id} ${now}"}}}})},
          roots};
  run.finish("a", 1);
  run.finish("b", 2);
  CHECK(run.planner->roots_of("c")["steps"] == json{{"other", 2}});
  CHECK(run.planner->roots_of("c")["input"] == json{{"n", 1}});
  CHECK(run.planner->roots_of("c")["event"] == nullptr);
  run.finish("c", 3);
  CHECK(run.planner->roots_of("d")["steps"] == json{{"a", 1}, {"b", 2}, {"other", 2}, {"c", 3}});
  run.finish("d");
  CHECK(run.planner->roots_of("e")["event"] == json{{"id", "7"}});
  CHECK(run.planner->roots_of("e")["input"] == nullptr);
}

TEST_CASE("what an earlier run did is taken over when its turn comes", "[domain][planner]") {
  Run run{json::array({leaf("a", {{"undo", {{"uses", "s.undo"}}}}), leaf("bad", {{"on_error", "end"}}), leaf("past"),
                       leaf("end"), leaf("last", {{"undo", {{"uses", "s.undo"}}}}), leaf("more")})};
  std::vector<Record> reused;
  reused.push_back({.path = "a", .event = StepEvent::finish, .at = kRunStart, .output = 1});
  reused.push_back({.path = "bad", .event = StepEvent::fail, .at = kRunStart, .fault = {ErrorClass::timeout, "slow"}});
  run.planner.emplace(*run.pipeline, RunRoots{}, kRunStart, std::move(reused));
  CHECK(run.starts() == std::vector<std::string>{"end"});
  CHECK(run.state("past") == StepState::skipped);
  CHECK(run.planner->roots_of("end").at("error").is_object());
  CHECK(run.planner->end_of("bad").fault.message == "slow");
  CHECK(run.planner->end_of("past").event == StepEvent::left_out);
  run.finish("end");
  run.finish("last");
  run.fail("more");
  CHECK(run.starts() == std::vector<std::string>{"last!undo"});
  run.finish("last!undo");
  CHECK(run.end().state == RunState::failed);
  CHECK(run.end().compensated == false);
  CHECK(run.end().not_undone == std::vector<std::string>{"a"});
}

TEST_CASE("a run whose steps were all done before has ended", "[domain][planner]") {
  Run run{
      json::array({json{{"id", "all"}, {"sequence", json::array({leaf("inner", {{"undo", {{"uses", "s.undo"}}}})})}}})};
  run.planner.emplace(*run.pipeline, RunRoots{}, kRunStart,
                      std::vector<Record>{{.path = "all", .event = StepEvent::finish, .at = kRunStart, .output = "x"}});
  CHECK(run.end().state == RunState::succeeded);
  CHECK(run.end().output == "x");
}

TEST_CASE("an error of a step that cannot even begin leads where it says", "[domain][planner]") {
  Run run{json::array({leaf("a", {{"if", "abs('x')"}, {"on_error", "c"}}), leaf("b"), leaf("c")})};
  CHECK(run.state("a") == StepState::failed);
  CHECK(run.state("b") == StepState::skipped);
  CHECK(run.starts() == Paths{"c"});
}

TEST_CASE("a step that runs a pipeline ends as that run has and not before", "[domain][planner]") {
  const json child{{"id", "sub"}, {"pipeline", "brief"}};
  auto [event, state, run_state] = GENERATE(table<StepEvent, StepState, RunState>({
      {StepEvent::finish, StepState::succeeded, RunState::succeeded},
      {StepEvent::fail, StepState::failed, RunState::failed},
      {StepEvent::lose_outcome, StepState::unknown, RunState::unknown},
      {StepEvent::cancel, StepState::cancelled, RunState::cancelled},
  }));
  Run run{{child}};
  run.begin("sub");
  REQUIRE(run.tell("sub", StepEvent::wait));
  CHECK_FALSE(run.plan().end);
  REQUIRE(run.tell("sub", event, 42));
  CHECK(run.state("sub") == state);
  CHECK(run.end().state == run_state);
}

TEST_CASE("a child is left to end where its list has failed and asked to where it is cut off", "[domain][planner]") {
  const json child{{"id", "sub"}, {"pipeline", "brief"}, {"needs", json::array()}};
  Run failed{{child, leaf("bad", {{"needs", json::array()}})}};
  failed.begin("sub");
  REQUIRE(failed.tell("sub", StepEvent::wait));
  failed.fail("bad");
  CHECK(failed.plan().cancels.empty());
  CHECK_FALSE(failed.plan().end);
  REQUIRE(failed.tell("sub", StepEvent::finish));
  CHECK(failed.end().state == RunState::failed);

  Run lost{json::parse(
      R"([{"id":"race","join":"any","parallel":[{"id":"sub","pipeline":"brief"},{"id":"quick","uses":"s.do"}]}])")};
  lost.begin("race.0.sub");
  REQUIRE(lost.tell("race.0.sub", StepEvent::wait));
  lost.finish("race.1.quick", 1);
  CHECK(lost.plan().cancels == Paths{"race.0.sub"});
  CHECK_FALSE(lost.plan().end);
  REQUIRE(lost.tell("race.0.sub", StepEvent::cancel));
  CHECK(lost.end().state == RunState::succeeded);
}
