#include "transport/client_tasks.h"

#include "tests/transport/client_fixture.h"

using namespace carillon;
using namespace carillon::transport;
using namespace std::chrono_literals;

namespace {

ClientRequest job(json arguments, const std::string& era) {
  auto request = Downstream::request_for("job", std::move(arguments), 20s);
  request.tasks = TaskAnswer::accepted;
  if (era == "legacy") request.params["task"] = {{"ttl", 60'000}};
  return request;
}

}  // namespace

TEST_CASE("what a task is called by either form is read as one", "[transport][client_tasks]") {
  const json flat{{"taskId", "t"}, {"status", "working"}, {"pollIntervalMs", 50}, {"statusMessage", "half"}};
  for (const json& description : {flat, json{{"task", flat}}}) {
    const auto task = read_task(description);
    REQUIRE(task);
    CHECK(task->id == "t");
    CHECK(task->poll_interval == Duration{50ms});
    CHECK(task->message == "half");
    CHECK_FALSE(task->has_ended());
  }
  CHECK(read_task({{"taskId", "t"}, {"status", "failed"}, {"pollInterval", 70}})->poll_interval == Duration{70ms});
  CHECK(read_task({{"taskId", "t"}, {"status", "failed"}})->has_ended());
  for (const json& nonsense : {json(), json(7), json::object(), json{{"taskId", 7}, {"status", "working"}},
                               json{{"taskId", std::string(513, 't')}, {"status", "working"}}})
    CHECK_FALSE(read_task(nonsense));
}

TEST_CASE("a call becomes a task only where that is accepted", "[transport][client_tasks]") {
  const std::string era = GENERATE("modern", "legacy");
  Downstream server{{"--era", era}};
  REQUIRE_FALSE(server.open());
  const auto made = server.start_call(job({{"poll", 70}}, era)).get();
  REQUIRE(std::holds_alternative<MadeTask>(made));
  CHECK(std::get<MadeTask>(made).task.poll_interval == Duration{70ms});
  CHECK(std::get<MadeTask>(made).left <= 20s);
  CHECK(std::get<MadeTask>(made).left > 0s);
  CHECK(std::holds_alternative<RpcRefusal>(server.call("job")));  // not offered: the server refuses
}

TEST_CASE("a task is looked at again when the way to it was closed for a while", "[transport][client_tasks]") {
  ClientLoop loop;
  int looks = 0;
  const TaskReach reach{[&](const TaskReach::Taker& taker) {
                          ++looks;
                          taker(ClientFailure{ClientFailureKind::unreachable, "gone", Reached::no, std::nullopt});
                        },
                        [](const auto&) {}, 20ms};
  std::promise<ClientReply> done;
  loop.post([&] {
    const auto task = std::make_shared<FollowedTask>(loop, reach, ClientRequest{},
                                                     [&](ClientReply reply) { done.set_value(std::move(reply)); });
    ServerTask made;
    made.id = "t";
    made.poll_interval = 1us;
    task->start({made, 0s});
    loop.after(1h, [task] {});  // somebody owns it
  });
  const auto reply = done.get_future().get();
  CHECK(failure_of(reply).kind == ClientFailureKind::died);
  CHECK(failure_of(reply).reached == Reached::maybe);
  CHECK(looks == 11);
}
