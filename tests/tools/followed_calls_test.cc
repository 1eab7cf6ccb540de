#include "tools/followed_calls.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "server/base/metrics.h"
#include "tests/support/installation.h"
#include "tools/following.h"

namespace carillon::tools {
namespace {

using namespace std::chrono_literals;
using carillon::test::Installation;
using carillon::test::kOutput;
using carillon::test::kPatience;
using transport::RequestContext;
using transport::TaskStatus;
using transport::TaskView;

// An installation whose client takes tasks.
struct Following : Installation {
  FollowedCalls tasks{Ports{engine, downstream, pool, timer}};

  Following() {
    call("schedule_task", {{"name", "echo"},
                           {"when", "manual"},
                           {"tool", "stand_in.echo"},
                           {"arguments", {{"message", "hi"}}},
                           {"options", {{"overlap", "allow"}}}});
  }

  RequestContext modern() const {
    RequestContext made = context();
    made.client_capabilities = {{"extensions", {{transport::kTasksExtension, json::object()}}}};
    return made;
  }
  RequestContext wishing(std::optional<std::chrono::milliseconds> time_to_live = {}) const {
    RequestContext made = context();
    made.era = transport::Era::legacy;
    made.task_wish = transport::TaskWish{time_to_live};
    return made;
  }
  transport::ToolOutcome ask(const RequestContext& asking, const std::string& tool, json arguments) {
    auto promise = std::make_shared<std::promise<transport::ToolOutcome>>();
    tools.call_tool(asking, tool, std::move(arguments),
                    [promise](transport::ToolOutcome outcome) { promise->set_value(std::move(outcome)); });
    auto future = promise->get_future();
    REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
    return future.get();
  }
  std::string start(const RequestContext& asking, const std::string& tool, json arguments) {
    const auto outcome = ask(asking, tool, std::move(arguments));
    REQUIRE(std::holds_alternative<transport::StartedTask>(outcome));
    return std::get<transport::StartedTask>(outcome).task_id;
  }
  std::string start() { return start(wishing(), "run_now", {{"task", "echo"}}); }
  std::optional<TaskView> find(const RequestContext& asking, const std::string& id) {
    std::optional<TaskView> found;
    tasks.get_task(asking, id, [&](std::optional<TaskView> view) { found = std::move(view); });
    return found;
  }
  TaskView look(const std::string& id) {
    auto found = find(modern(), id);
    REQUIRE(found);
    return std::move(*found);
  }
  std::optional<TaskView> cancel(const RequestContext& asking, const std::string& id) {
    std::optional<TaskView> found;
    tasks.cancel_task(asking, id, [&](std::optional<TaskView> view) { found = std::move(view); });
    return found;
  }
};

// What a follower was told, in order.
class HeardEnds {
 public:
  transport::TaskDone ear() {
    return [this](std::optional<TaskView> view) {
      const std::lock_guard lock{mutex_};
      told_.push_back(std::move(view));
      changed_.notify_all();
    };
  }
  std::vector<std::optional<TaskView>> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, kPatience, [&] { return told_.size() >= count; });
    return told_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<TaskView>> told_;
};

TEST_CASE("a call that takes more than a moment becomes a task for a client that takes tasks",
          "[tools][followed_calls]") {
  Following here;
  const auto [tool, arguments] = GENERATE(table<std::string, json>({
      {"run_now", {{"task", "echo"}}},
      {"run_now", {{"task", "echo"}, {"wait_seconds", 30}}},
      {"call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", "x"}}}}},
  }));
  const std::string id = here.start(here.modern(), tool, arguments);
  CHECK(id.size() == 32);
  CHECK(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
  const TaskView view = here.look(id);
  CHECK(view.id == id);
  CHECK(view.status == TaskStatus::working);
  CHECK(view.status_message.find(" is queued") != std::string::npos);
  CHECK(view.created_at == test::kNow);
  CHECK(view.time_to_live == 24h);
  CHECK(view.poll_interval == 1s);
  CHECK_FALSE(view.answer);
}

TEST_CASE("what needs no time is answered at once whoever asks", "[tools][followed_calls]") {
  Following here;
  const auto answered = [&](const std::string& tool, const json& arguments) {
    return std::holds_alternative<transport::Answer>(here.ask(here.modern(), tool, arguments));
  };
  CHECK(answered("run_now", {{"task", "echo"}, {"wait_seconds", 0}}));
  CHECK(answered("call_tool", {{"tool", "stand_in.echo"}, {"arguments", {{"message", "x"}}}, {"wait_seconds", 0}}));
  CHECK(answered("get_run", {{"run", "echo#1"}}));
  CHECK(answered("run_now", {{"task", "nothing"}}));
  here.settle("echo#1", "succeeded", kOutput, "");
  CHECK(answered("get_run", {{"run", "echo#1"}, {"wait_seconds", 30}}));
  CHECK(here.database.ask("SELECT count(*) FROM carillon.followed_call") == "0");
}

TEST_CASE("a client that takes no tasks waits as it always did", "[tools][followed_calls]") {
  Following here;
  const auto outcome = here.ask(here.context(), "run_now", {{"task", "echo"}, {"wait_seconds", 1}});
  REQUIRE(std::holds_alternative<transport::Answer>(outcome));
  CHECK(std::get<transport::Answer>(outcome).structured->at("status") == "queued");
}

TEST_CASE("a run that ends within the moment is answered without a task", "[tools][followed_calls]") {
  Following here;
  auto promise = std::make_shared<std::promise<transport::ToolOutcome>>();
  here.tools.call_tool(here.modern(), "run_now", {{"task", "echo"}},
                       [promise](transport::ToolOutcome outcome) { promise->set_value(std::move(outcome)); });
  here.settle("echo#1", "succeeded", kOutput, "");
  auto future = promise->get_future();
  REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
  CHECK(std::get<transport::Answer>(future.get()).structured->at("status") == "succeeded");
}

TEST_CASE("the result of a task is what the call would have answered", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  here.begin("echo#1");
  CHECK(here.look(id).status_message == "echo#1 is running");
  here.settle("echo#1", "succeeded", kOutput, "");
  const TaskView view = here.look(id);
  CHECK(view.status == TaskStatus::completed);
  CHECK(view.status_message == "echo#1 ended as succeeded");
  REQUIRE(view.answer);
  CHECK_FALSE(view.answer->is_error);
  CHECK(view.answer->structured->at("run") == "echo#1");
  CHECK(view.answer->structured->at("output") == json{{"count", 3}});
  const auto waited = here.answer("get_run", {{"run", "echo#1"}, {"wait_seconds", 1}});
  CHECK(view.answer->content == waited.content);
  CHECK(view.answer->structured == waited.structured);
}

TEST_CASE("a failed run is a completed task whose answer is an error and so is the answer of a call that waits",
          "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  auto waiting = here.Installation::start("run_now", {{"task", "echo"}, {"wait_seconds", 45}});
  for (const char* run : {"echo#1", "echo#2"}) here.settle(run, "failed", nullptr, "tool_error");
  const TaskView view = here.look(id);
  CHECK(view.status == TaskStatus::completed);
  CHECK(view.answer->is_error);
  CHECK(view.answer->structured->at("status") == "failed");
  REQUIRE(waiting.wait_for(kPatience) == std::future_status::ready);
  const auto waited = std::get<transport::Answer>(waiting.get());
  CHECK(waited.is_error);
  CHECK(waited.structured->at("status") == "failed");
  CHECK_FALSE(here.answer("get_run", {{"run", "echo#1"}}).is_error);
  CHECK(metrics::value_of("carillon_tool_calls_total", {{"tool", "run_now"}, {"outcome", "run_failed"}}) == 1);
}

TEST_CASE("a task keeps how its answer was to be shown and what was repaired", "[tools][followed_calls]") {
  Following here;
  here.call("run_now", {{"task", "echo"}});
  const std::string id =
      here.start(here.modern(), "get_run", {{"run", "echo#1"}, {"wait_seconds", "30"}, {"output_path", "text"}});
  here.settle("echo#1", "succeeded", kOutput, "");
  const TaskView view = here.look(id);
  CHECK(view.answer->structured->at("output") == "three");
  CHECK(view.answer->structured->at("warnings").size() == 1);
}

TEST_CASE("a task is nobody's but its caller's", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  RequestContext stranger = here.modern();
  stranger.principal.agent = "stranger";
  CHECK_FALSE(here.find(stranger, id));
  CHECK_FALSE(here.cancel(stranger, id));
  RequestContext elsewhere = here.modern();
  elsewhere.principal.tenant = "other";
  CHECK_FALSE(here.find(elsewhere, id));
  RequestContext lessened = here.modern();
  lessened.principal.scopes = {"read"};
  CHECK_FALSE(here.find(lessened, id));
  HeardEnds heard;
  here.tasks.follow_task(stranger, id, heard.ear());
  CHECK_FALSE(heard.wait_for(1).at(0));
  CHECK(here.look(id).status == TaskStatus::working);
  for (const std::string& other :
       {std::string{}, std::string{"x"}, std::string(32, 'A'), std::string(32, '\0'), std::string(100'000, 'A')})
    CHECK_FALSE(here.find(here.modern(), other));
}

TEST_CASE("a task is polled less often the older it is and is kept while its run goes on", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  const auto [age, interval] = GENERATE(
      table<std::chrono::milliseconds, std::chrono::milliseconds>({{5s, 1s}, {30s, 3s}, {5min, 30s}, {24h * 3, 1min}}));
  here.clock.advance(age);
  CHECK(here.look(id).poll_interval == interval);
  CHECK(here.look(id).time_to_live == age + 24h);
  here.settle("echo#1", "succeeded", kOutput, "");
  CHECK_FALSE(here.look(id).poll_interval);
  CHECK(here.look(id).time_to_live == 24h + 4100ms);
}

TEST_CASE("taking a task back stops the run that it started", "[tools][followed_calls]") {
  Following here;
  const std::string queued = here.start(), running = here.start();
  here.begin("echo#2");
  CHECK(here.cancel(here.modern(), queued)->status == TaskStatus::cancelled);
  CHECK(here.call("get_run", {{"run", "echo#1"}})["status"] == "cancelled");
  const auto asked = here.cancel(here.modern(), running);
  CHECK(asked->status == TaskStatus::working);
  CHECK(asked->status_message == "echo#2 is running; it was asked to stop");
  CHECK(here.cancel(here.modern(), running)->status == TaskStatus::working);
  here.settle("echo#2", "succeeded", kOutput, "");
  CHECK(here.look(running).status == TaskStatus::completed);
  CHECK(here.cancel(here.modern(), running)->status == TaskStatus::completed);
}

TEST_CASE("a client of 2025-11-25 is told that its task is cancelled whatever its run does after",
          "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  here.begin("echo#1");
  CHECK(here.cancel(here.wishing(), id)->status == TaskStatus::cancelled);
  here.settle("echo#1", "succeeded", kOutput, "");
  CHECK(here.look(id).status == TaskStatus::cancelled);
  CHECK(here.call("get_run", {{"run", "echo#1"}})["status"] == "succeeded");
  // An end that was there before the client took the task back stays what it was.
  here.database.run("UPDATE carillon.run_history SET finished_at = finished_at - interval '1 h'");
  CHECK(here.look(id).status == TaskStatus::completed);
}

TEST_CASE("who only looks on stops looking and the run goes on", "[tools][followed_calls]") {
  Following here;
  here.call("run_now", {{"task", "echo"}});
  const auto follow = [&] { return here.start(here.modern(), "get_run", {{"run", "echo#1"}, {"wait_seconds", 30}}); };
  const std::string given_up = follow(), followed = follow();
  CHECK(here.cancel(here.modern(), given_up)->status == TaskStatus::cancelled);
  CHECK(here.call("get_run", {{"run", "echo#1"}})["status"] == "queued");
  here.call("cancel_run", {{"run", "echo#1"}});
  const TaskView view = here.look(followed);
  CHECK(view.status == TaskStatus::completed);
  CHECK_FALSE(view.answer->is_error);
  CHECK(view.answer->structured->at("status") == "cancelled");
  CHECK(here.look(given_up).status == TaskStatus::cancelled);
}

TEST_CASE("who wishes a task gets one for an answer that was there at once and for a refusal",
          "[tools][followed_calls]") {
  Following here;
  const std::string handle = here.start(here.wishing(), "run_now", {{"task", "echo"}, {"wait_seconds", 0}});
  CHECK(here.look(handle).status == TaskStatus::completed);
  CHECK(here.look(handle).answer->structured->at("status") == "queued");
  const std::string refused = here.start(here.wishing(), "run_now", {{"task", "ecco"}});
  CHECK(here.look(refused).answer->is_error);
  CHECK(here.look(refused).answer->structured->at("error") == "unknown_name");
  CHECK(here.cancel(here.wishing(), refused)->status == TaskStatus::completed);
  const std::string longer = here.start(here.wishing(48h), "run_now", {{"task", "echo"}});
  CHECK(here.look(longer).time_to_live == 48h);
}

TEST_CASE("an answer that cannot be kept is given plainly", "[tools][followed_calls]") {
  Following here;
  here.database.run("ALTER TABLE carillon.followed_call RENAME TO followed_call_gone");
  const auto outcome = here.ask(here.wishing(), "run_now", {{"task", "ecco"}});
  CHECK(std::get<transport::Answer>(outcome).is_error);
  const auto started = here.ask(here.wishing(), "run_now", {{"task", "echo"}});
  CHECK(std::get<transport::Answer>(started).structured->at("error") == "unavailable");
}

TEST_CASE("the caller's tasks are listed page by page", "[tools][followed_calls]") {
  Following here;
  for (int i = 0; i < 22; ++i) here.start();
  const auto list = [&](const transport::Cursor& cursor) {
    std::variant<transport::TaskPage, transport::ProtocolError> got;
    here.tasks.list_tasks(here.wishing(), cursor, [&](auto outcome) { got = std::move(outcome); });
    return got;
  };
  const auto first = std::get<transport::TaskPage>(list(std::nullopt));
  CHECK(first.tasks.size() == 20);
  REQUIRE(first.next_cursor);
  const auto second = std::get<transport::TaskPage>(list(first.next_cursor));
  CHECK(second.tasks.size() == 2);
  CHECK_FALSE(second.next_cursor);
  CHECK(std::get<transport::ProtocolError>(list("nonsense")).code == -32602);
}

TEST_CASE("answers to questions that no task has are passed over", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  std::optional<TaskView> told;
  const auto answer = [&](const std::string& to) {
    here.tasks.answer_task(here.modern(), to, {{"who", {{"action", "accept"}}}}, [&](auto view) { told = view; });
  };
  answer(id);
  CHECK(told->status == TaskStatus::working);
  answer(std::string(32, 'A'));
  CHECK_FALSE(told);
}

TEST_CASE("who follows a task is told how it stands and of every change until its end", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  HeardEnds heard;
  here.tasks.follow_task(here.modern(), id, heard.ear());
  CHECK(heard.wait_for(1).at(0)->status_message == "echo#1 is queued");
  here.begin("echo#1");
  CHECK(heard.wait_for(2).at(1)->status_message == "echo#1 is running");
  here.settle("echo#1", "succeeded", kOutput, "");
  const auto told = heard.wait_for(3);
  CHECK(told.at(2)->status == TaskStatus::completed);
  CHECK(told.at(2)->answer->structured->at("status") == "succeeded");
  CHECK(here.engine.watch().watched().empty());
}

TEST_CASE("who follows a task that has ended is told so and no more", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  here.settle("echo#1", "succeeded", kOutput, "");
  HeardEnds heard;
  here.tasks.follow_task(here.modern(), id, heard.ear());
  CHECK(heard.wait_for(1).at(0)->status == TaskStatus::completed);
  CHECK(here.engine.watch().watched().empty());
}

TEST_CASE("what another process does to a task is told here", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  FollowedCalls elsewhere{Ports{here.engine, here.downstream, here.pool, here.timer}};
  HeardEnds heard;
  elsewhere.follow_task(here.modern(), id, heard.ear());
  heard.wait_for(1);
  here.begin("echo#1");
  heard.wait_for(2);
  here.cancel(here.wishing(), id);
  CHECK(heard.wait_for(3).at(2)->status == TaskStatus::cancelled);
}

TEST_CASE("a follower whose client has gone is forgotten and a task that is gone is told", "[tools][followed_calls]") {
  Following here;
  const std::string id = here.start();
  HeardEnds gone, stays;
  std::stop_source client;
  RequestContext leaving = here.modern();
  leaving.cancelled = client.get_token();
  here.tasks.follow_task(leaving, id, gone.ear());
  here.tasks.follow_task(here.modern(), id, stays.ear());
  gone.wait_for(1);
  stays.wait_for(1);
  client.request_stop();
  here.database.run("DELETE FROM carillon.followed_call");
  CHECK_FALSE(stays.wait_for(2).at(1));
  CHECK(gone.wait_for(1).size() == 1);
  CHECK(here.engine.watch().watched().empty());
}

}  // namespace
}  // namespace carillon::tools
