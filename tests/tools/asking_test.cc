// What a run's call asks reaches the client that waits for the run, in whatever way it waits, and the answer the call.
#include "tools/asking.h"

#include <catch2/catch.hpp>
#include <thread>

#include "server/base/guarded.h"
#include "server/store/question_rows.h"
#include "tests/support/installation.h"
#include "tools/followed_calls.h"

namespace carillon::tools {
namespace {

using namespace std::chrono_literals;
using carillon::test::Installation;
using carillon::test::kOutput;
using carillon::test::kPatience;
using transport::NeedInput;
using transport::RequestContext;
using transport::TaskStatus;

const json kForms{{"elicitation", {{"form", json::object()}}}};
const json kAccepted{{"action", "accept"}, {"content", {{"city", "Chisinau"}}}};

class HearingChannel final : public transport::RequestChannel {
 public:
  void report(const transport::Progress& progress) override {
    heard.with([&](auto& all) { all.push_back(progress.message); });
  }
  void log(transport::LogLevel, const json&) override {}
  void drop_stream(std::chrono::milliseconds) override {}
  Guarded<std::vector<std::string>> heard;
};

// An installation with a task "echo", whose runs ask when a test says so, and a client that shows forms.
struct Asking : Installation {
  FollowedCalls tasks{Ports{engine, downstream, pool, timer}};
  json capabilities = kForms;
  std::shared_ptr<HearingChannel> channel = std::make_shared<HearingChannel>();

  Asking() {
    call("schedule_task", {{"name", "echo"},
                           {"when", "manual"},
                           {"tool", "stand_in.echo"},
                           {"arguments", {{"message", "hi"}}},
                           {"options", {{"overlap", "allow"}}}});
  }
  RequestContext client(const json& responses = json::object(), const json& state = nullptr) const {
    RequestContext made = context();
    made.client_capabilities = capabilities;
    made.input = {responses, state};
    made.channel = channel;
    return made;
  }
  RequestContext tasks_client() const {
    RequestContext made = client();
    made.client_capabilities["extensions"] = {{transport::kTasksExtension, json::object()}};
    return made;
  }
  std::future<transport::ToolOutcome> send(const RequestContext& asking, const std::string& tool, json arguments) {
    auto promise = std::make_shared<std::promise<transport::ToolOutcome>>();
    tools.call_tool(asking, tool, std::move(arguments),
                    [promise](transport::ToolOutcome outcome) { promise->set_value(std::move(outcome)); });
    return promise->get_future();
  }
  template <class Outcome>
  Outcome take(std::future<transport::ToolOutcome> future) {
    REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
    auto outcome = future.get();
    REQUIRE(std::holds_alternative<Outcome>(outcome));
    return std::get<Outcome>(std::move(outcome));
  }

  RunId ask(const std::string& key) {
    const RunId run{std::stoll(database.ask("SELECT max(id) FROM carillon.run_live"))};
    HotPathConnection connection{{.url = database.urls().dispatch, .application = "test"}};
    const std::string params =
        R"({"mode":"form","message":"Which city?","requestedSchema":{"type":"object","required":["city"]}})";
    REQUIRE(
        QuestionRows(connection, "test")
            .ask({{run, 1, 1}, key, "stand_in.echo", "elicitation/create", params, clock.now(), clock.now() + 10min}));
    engine.watch().asks(run);
    return run;
  }
  std::string outcome(const std::string& key = "ask-1-1") {
    return database.ask("SELECT coalesce(outcome, 'open') FROM carillon.run_question WHERE question_key = '" + key +
                        "'");
  }
  // A waiting run_now whose run asks.
  NeedInput asked_by(const std::string& tool = "run_now", json arguments = {{"task", "echo"}, {"wait_seconds", 30}}) {
    if (tool == "get_run") call("run_now", {{"task", "echo"}});
    auto waiting = send(client(), tool, std::move(arguments));
    begin("echo#1");
    ask("ask-1-1");
    return take<NeedInput>(std::move(waiting));
  }
};

const json kWaiting{{"task", "echo"}, {"wait_seconds", 30}};

TEST_CASE("a client that waits is asked and its repeated request brings the answer", "[tools][asking]") {
  Asking here;
  const NeedInput need = here.asked_by();
  REQUIRE(need.requests.size() == 1);
  const auto& [key, request] = *need.requests.begin();
  CHECK(key == "ask-1-1");
  CHECK(request.method == "elicitation/create");
  CHECK(request.params.at("message") == "Which city?");

  auto going_on = here.send(here.client({{key, kAccepted}}, need.state), "run_now", kWaiting);
  CHECK(here.outcome() == "answered");
  here.settle("echo#1", "succeeded", kOutput, "");
  const auto answer = here.take<transport::Answer>(std::move(going_on));
  CHECK(answer.structured->at("status") == "succeeded");
  CHECK(here.database.ask("SELECT count(*) FROM carillon.run_history") == "1");
  CHECK(here.database.ask("SELECT count(*) FROM carillon.run_ready") == "0");  // nothing was started anew
}

TEST_CASE("the run takes along what its client can be asked", "[tools][asking]") {
  Asking here;
  const auto payload = [&] {
    return json::parse(here.database.ask("SELECT convert_from(payload, 'UTF8') FROM carillon.run_ready"));
  };
  here.take<transport::Answer>(here.send(
      here.client(), "call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", "x"}}}, {"wait_seconds", 0}}));
  CHECK(payload().at("can_answer") == kForms);
  here.database.run("DELETE FROM carillon.run_ready");
  here.take<transport::Answer>(here.send(here.client(), "run_now", {{"task", "echo"}}));
  CHECK(payload().at("can_answer") == kForms);
}

TEST_CASE("whoever cannot be asked is told that the run waits", "[tools][asking]") {
  Asking here;
  SECTION("the client shows no forms") { here.capabilities = {{"elicitation", {{"url", json::object()}}}}; }
  SECTION("the client declared nothing") { here.capabilities = json::object(); }
  SECTION("the caller may not answer for the run") { here.scopes = {"read"}; }
  const auto all = std::exchange(here.scopes, Scopes::all().names());
  here.call("run_now", {{"task", "echo"}});
  here.scopes = all;
  here.begin("echo#1");
  here.ask("ask-1-1");
  const auto told =
      here.take<transport::Answer>(here.send(here.client(), "get_run", {{"run", "echo#1"}, {"wait_seconds", 1}}));
  CHECK(told.structured->at("status") == "running");
  CHECK(told.structured->at("asks").at(0).at("message") == "Which city?");
  CHECK(told.content.at(0).at("text").get<std::string>().find("an answer to what stand_in.echo asks") !=
        std::string::npos);
  const json listed = here.call("list_runs", json::object());
  CHECK(listed.at("runs").at(0).at("asks") == "Which city?");
}

TEST_CASE("a question is put once in a request and what decides nothing leaves it open", "[tools][asking]") {
  Asking here;
  const NeedInput need = here.asked_by();
  auto going_on = here.send(here.client({{"ask-1-1", {{"action", "cancel"}}}}, need.state), "run_now", kWaiting);
  CHECK(here.outcome() == "open");
  here.ask("ask-1-2");
  const NeedInput next = here.take<NeedInput>(std::move(going_on));
  REQUIRE(next.requests.size() == 1);
  CHECK(next.requests.contains("ask-1-2"));
  auto last = here.send(here.client({{"ask-1-2", {{"action", "decline"}}}}, next.state), "run_now", kWaiting);
  CHECK(here.outcome("ask-1-2") == "answered");  // the call's own client says no
  here.settle("echo#1", "succeeded", kOutput, "");
  CHECK(here.take<transport::Answer>(std::move(last)).structured->at("status") == "succeeded");
}

TEST_CASE("a decline of somebody who only looks on decides nothing", "[tools][asking]") {
  Asking here;
  const json looking{{"run", "echo#1"}, {"wait_seconds", 30}};
  const NeedInput need = here.asked_by("get_run", looking);
  auto going_on = here.send(here.client({{"ask-1-1", {{"action", "decline"}}}}, need.state), "get_run", looking);
  CHECK(here.outcome() == "open");
  here.settle("echo#1", "succeeded", kOutput, "");
  const auto answer = here.take<transport::Answer>(std::move(going_on));
  CHECK(answer.structured->at("warnings").at(0).get<std::string>().find("stays open") != std::string::npos);
}

TEST_CASE("who comes second is told who was first and gets the run", "[tools][asking]") {
  Asking here;
  const NeedInput need = here.asked_by();
  here.database.run(
      "UPDATE carillon.run_question SET answer = '', answered_by = 'anna', closed_at = now(), outcome = "
      "'answered'");
  auto going_on = here.send(here.client({{"ask-1-1", kAccepted}}, need.state), "run_now", kWaiting);
  here.settle("echo#1", "succeeded", kOutput, "");
  const auto answer = here.take<transport::Answer>(std::move(going_on));
  CHECK(answer.structured->at("warnings").at(0) == "the question was answered by anna before");
  CHECK(answer.structured->at("status") == "succeeded");
}

TEST_CASE("an answer that does not fit is refused with its place and can be given again", "[tools][asking]") {
  Asking here;
  const NeedInput need = here.asked_by();
  const json empty{{"action", "accept"}, {"content", json::object()}};
  const auto refused =
      here.take<transport::Answer>(here.send(here.client({{"ask-1-1", empty}}, need.state), "run_now", kWaiting));
  REQUIRE(refused.is_error);
  const json said = json::parse(refused.content.at(0).at("text").get<std::string>());
  CHECK(said.at("error") == "arguments_invalid");
  CHECK(said.at("pointer") == "/inputResponses/ask-1-1/content");
  CHECK(here.outcome() == "open");
  auto again = here.send(here.client({{"ask-1-1", kAccepted}}, need.state), "run_now", kWaiting);
  CHECK(here.outcome() == "answered");
  here.settle("echo#1", "succeeded", kOutput, "");
  here.take<transport::Answer>(std::move(again));
}

// A client of an older revision that looks at a run which asks, so long after its request came.
struct AskedInRequest : Asking {
  RequestContext request = client();
  NeedInput need;
  std::promise<void> over;
  std::stop_source answered;

  explicit AskedInRequest(std::chrono::seconds ago) {
    call("run_now", {{"task", "echo"}});
    begin("echo#1");
    ask("ask-1-1");
    request.era = transport::Era::legacy;
    request.arrived -= ago;
    need = take<NeedInput>(send(request, "get_run", kLooking));
    need.meanwhile([this] { over.set_value(); }, answered.get_token());
  }
  bool goes_on() { return over.get_future().wait_for(kPatience) == std::future_status::ready; }
  transport::Answer again() {
    request.input.state = need.state;
    return take<transport::Answer>(send(request, "get_run", kLooking));
  }
  static inline const json kLooking{{"run", "echo#1"}, {"wait_seconds", 1}};
};

TEST_CASE("a form in the middle of a request is waited for so long and filled afterwards", "[tools][asking]") {
  AskedInRequest here{39s};
  here.engine.watch().asks(RunId{std::stoll(here.database.ask("SELECT id FROM carillon.run_live"))});  // nothing new
  REQUIRE(here.goes_on());
  const auto told = here.again();
  CHECK(told.structured->at("status") == "running");
  CHECK(told.structured->at("warnings").at(0) ==
        "nobody has answered the form yet; when somebody does, it still counts");
  here.need.late("ask-1-1", {{"action", "accept"}, {"content", json::object()}});  // unfit
  here.need.late("ask-1-2", kAccepted);                                            // of no question
  here.need.late("ask-1-1", kAccepted);
  const auto patience = std::chrono::steady_clock::now() + kPatience;
  while (here.outcome() == "open" && std::chrono::steady_clock::now() < patience) std::this_thread::sleep_for(5ms);
  CHECK(here.outcome() == "answered");
}

TEST_CASE("a request does not wait for a form when its run has ended or asks something else", "[tools][asking]") {
  AskedInRequest here{0s};
  SECTION("ended") {
    here.settle("echo#1", "succeeded", kOutput, "");
    REQUIRE(here.goes_on());
    CHECK(here.again().structured->at("status") == "succeeded");
  }
  SECTION("asks") {
    here.ask("ask-1-2");
    REQUIRE(here.goes_on());
    here.request.input.state = here.need.state;
    const NeedInput next = here.take<NeedInput>(here.send(here.request, "get_run", here.kLooking));
    CHECK(next.requests.size() == 1);
    CHECK(next.requests.contains("ask-1-2"));
  }
}

TEST_CASE("a task whose run asks requires input and an update answers it", "[tools][asking]") {
  Guarded<std::vector<TaskStatus>> told;
  std::promise<void> heard;
  Asking here;
  const auto started = here.take<transport::StartedTask>(
      here.send(here.tasks_client(), "run_now", {{"task", "echo"}, {"wait_seconds", 9}}));
  here.begin("echo#1");
  here.tasks.follow_task(here.tasks_client(), started.task_id, [&](const std::optional<transport::TaskView>& view) {
    const bool asks = told.with([&](auto& all) {
      all.push_back(view->status);
      return view->status == TaskStatus::input_required && std::count(all.begin(), all.end(), view->status) == 1;
    });
    if (asks) heard.set_value();
  });
  here.ask("ask-1-1");
  REQUIRE(heard.get_future().wait_for(kPatience) == std::future_status::ready);

  std::optional<transport::TaskView> view;
  const auto keep = [&](std::optional<transport::TaskView> seen) { view = std::move(seen); };
  here.tasks.get_task(here.tasks_client(), started.task_id, keep);
  CHECK(view->status == TaskStatus::input_required);
  REQUIRE(view->input_requests.contains("ask-1-1"));
  CHECK(view->input_requests.at("ask-1-1").params.at("message") == "Which city?");
  here.capabilities = json::object();
  here.tasks.get_task(here.tasks_client(), started.task_id, keep);
  CHECK(view->status == TaskStatus::working);
  CHECK(view->status_message.find("waits for an answer") != std::string::npos);
  here.capabilities = kForms;

  const json unfit{{"ask-1-1", {{"action", "accept"}}}, {"other", kAccepted}};
  here.tasks.answer_task(here.tasks_client(), started.task_id, unfit, keep);
  CHECK(view->status == TaskStatus::input_required);
  here.tasks.answer_task(here.tasks_client(), started.task_id, {{"ask-1-1", kAccepted}}, keep);
  CHECK(view->status == TaskStatus::working);
  CHECK(here.outcome() == "answered");
  RequestContext stranger = here.tasks_client();
  stranger.principal.agent = "stranger";
  here.tasks.answer_task(stranger, started.task_id, {{"ask-1-1", kAccepted}}, keep);
  CHECK_FALSE(view);
}

TEST_CASE("whoever waits for a run hears how far it is and a task says so", "[tools][asking]") {
  Asking here;
  auto waiting = here.send(here.client(), "run_now", kWaiting);
  here.begin("echo#1");
  const RunId run{std::stoll(here.database.ask("SELECT id FROM carillon.run_live"))};
  here.engine.watch().progressed(run, {.progress = 1, .total = 2, .message = "half"});
  CHECK(here.channel->heard.with([](const auto& all) { return all; }) == std::vector<std::string>{"half"});
  here.database.run(
      "UPDATE carillon.run_live SET progress = convert_to('{\"progress\":1,\"total\":2,\"message\":\"half\"}', "
      "'UTF8')");
  CHECK(here.call("get_run", {{"run", "echo#1"}}).at("progress") == "1 of 2: half");
  const auto started = here.take<transport::StartedTask>(
      here.send(here.tasks_client(), "get_run", {{"run", "echo#1"}, {"wait_seconds", 9}}));
  here.tasks.get_task(here.tasks_client(), started.task_id, [](const std::optional<transport::TaskView>& view) {
    CHECK(view->status_message == "echo#1 is running, 1 of 2: half");
  });
  here.settle("echo#1", "succeeded", kOutput, "");
  here.take<transport::Answer>(std::move(waiting));
}

}  // namespace
}  // namespace carillon::tools
