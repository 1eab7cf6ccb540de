// Calls that their server makes tasks of, over every wire and in both forms.
#include <signal.h>

#include "tests/catalog/remote_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

// A server whose jobs last until they are told to end.
class Jobs : public AnyWay {
 public:
  explicit Jobs(const std::string& way, const json& carillon = json::object())
      : AnyWay(way, carillon, CatalogOptions{}.answer_within) {}

  void end_job() const { std::ofstream{bench->file("end")} << "now"; }
  json job(json arguments) const {
    arguments["path"] = bench->file("end");
    return arguments;
  }
  bool was_looked_at() const {
    return eventually([this] { return !bench->journal("tasks/get").empty(); });
  }
};

}  // namespace

TEST_CASE("a call that became a task is followed to its end", "[catalog][tasks]") {
  Jobs jobs{any_way()};
  std::promise<std::string> told;
  ToolCall call = Bench::call_of("s.job", jobs.job({{"status", "half of it"}}), 20s);
  call.progressed = [&](const ToolProgress& progress) { told.set_value(progress.message); };  // a second would throw
  auto reply = jobs.bench->start(std::move(call));
  CHECK(told.get_future().get() == "half of it");
  REQUIRE(jobs.was_looked_at());
  jobs.end_job();
  CHECK(Bench::text_of(reply.get()) == "the job is done");
  CHECK(jobs.bench->journal("call").size() == 1);
  CHECK(jobs.bench->journal("call")[0]["key"] == "key-of-s.job");
}

TEST_CASE("a task is looked at no more often than its server wishes", "[catalog][tasks]") {
  Jobs jobs{any_era()};
  auto reply = jobs.bench->start("s.job", jobs.job({{"poll", 60}}));
  REQUIRE(eventually([&] { return jobs.bench->journal("tasks/get").size() >= 4; }));
  jobs.end_job();
  CHECK_FALSE(reply.get().failure);
  const auto looks = jobs.bench->journal("tasks/get");
  for (std::size_t i = 1; i < looks.size(); ++i)
    CHECK(looks[i]["ms"].get<std::int64_t>() - looks[i - 1]["ms"].get<std::int64_t>() >= 59);
}

TEST_CASE("what a task asks goes the way of every question", "[catalog][tasks]") {
  Jobs jobs{any_way()};
  ToolCall call = Bench::call_of("s.job", {{"ask", "go on?"}}, 20s);
  call.can_answer = {{"elicitation", {{"form", json::object()}}}};
  std::promise<std::pair<ToolQuestion, ToolAnswered>> question;
  call.asked = [&](ToolQuestion asked, ToolAnswered answered) {
    question.set_value({std::move(asked), std::move(answered)});  // a second would throw
  };
  auto reply = jobs.bench->start(std::move(call));
  auto [asked, answered] = question.get_future().get();
  CHECK(asked.params["message"] == "go on?");
  CHECK_FALSE(asked.params.contains("_meta"));
  answered(json{{"action", "accept"}, {"content", {{"answer", "yes"}}}});
  const std::string text = Bench::text_of(reply.get());
  CHECK(text.find(R"("answer":"yes")") != std::string::npos);
}

TEST_CASE("a task's question that nobody answers ends the call and the task", "[catalog][tasks]") {
  Jobs jobs{any_way()};
  const auto reply = jobs.bench->call("s.job", {{"ask", "go on?"}});
  CHECK(reply.failure == ErrorClass::tool_error);
  CHECK(reply.message.find("go on?") != std::string::npos);
  CHECK(eventually([&] { return jobs.bench->journal("tasks/cancel").size() == 1; }));
}

TEST_CASE("fixed answers serve the questions of tasks", "[catalog][tasks]") {
  Jobs jobs{any_era(), {{"tools", {{"job", {{"answers", {{"answer", "always"}}}}}}}}};
  CHECK(jobs.bench->text("s.job", {{"ask", "go on?"}}).find("always") != std::string::npos);
}

TEST_CASE("a cancelled call cancels its task", "[catalog][tasks]") {
  Jobs jobs{any_way()};
  CallId id = 0;
  auto reply = jobs.bench->start("s.job", jobs.job({}), 20s, &id);
  REQUIRE(jobs.was_looked_at());
  jobs.bench->catalog().cancel(id, "test");
  const auto ended = reply.get();
  CHECK(ended.failure == ErrorClass::cancelled);
  CHECK(ended.arrived == Arrived::maybe);
  CHECK(eventually([&] { return jobs.bench->journal("tasks/cancel").size() == 1; }));
}

TEST_CASE("a task that takes longer than the call may is taken back", "[catalog][tasks]") {
  Jobs jobs{any_era()};
  REQUIRE(jobs.bench->text("s.echo", {{"message", "warm"}}) == "Echo: warm");
  const auto reply = jobs.bench->call("s.job", jobs.job({}), 1500ms);
  CHECK(reply.failure == ErrorClass::timeout);
  CHECK(reply.arrived == Arrived::maybe);
  CHECK(eventually([&] { return jobs.bench->journal("tasks/cancel").size() == 1; }));
}

TEST_CASE("a task that fails or that its server forgot ends the call", "[catalog][tasks]") {
  Jobs jobs{any_era()};
  CHECK(jobs.bench->call("s.job", {{"error", -1}}).failure == ErrorClass::tool_error);
  const auto forgotten = jobs.bench->call("s.job", {{"forgotten", true}});
  CHECK(forgotten.failure == ErrorClass::unavailable);
  CHECK(forgotten.arrived == Arrived::maybe);  // nobody knows: it is not repeated by itself
  CHECK(forgotten.message.find("no longer knows the task") != std::string::npos);
}

TEST_CASE("a task is followed through a new process where the old one died", "[catalog][tasks]") {
  Jobs jobs{any_era()};
  auto reply = jobs.bench->start("s.job", jobs.job({}));
  REQUIRE(jobs.was_looked_at());
  const auto process = jobs.bench->journal("call")[0]["pid"].get<int>();
  REQUIRE(::kill(process, SIGKILL) == 0);
  REQUIRE(eventually([&] {
    const auto looks = jobs.bench->journal("tasks/get");
    return looks.back()["pid"] != process;
  }));
  jobs.end_job();
  CHECK(Bench::text_of(reply.get()) == "the job is done");
  CHECK(jobs.bench->journal("call").size() == 1);  // it was not made again
}

TEST_CASE("a task is followed through a new session where the old one was lost", "[catalog][tasks]") {
  Jobs jobs{"legacy http"};
  auto reply = jobs.bench->start("s.job", jobs.job({}));
  REQUIRE(jobs.was_looked_at());
  REQUIRE(jobs.bench->text("s.forget_sessions") == "forgotten");
  REQUIRE(eventually([&] { return jobs.bench->journal("initialize").size() == 2; }));
  jobs.end_job();
  CHECK(Bench::text_of(reply.get()) == "the job is done");
}

TEST_CASE("a task that is followed ends with the catalog", "[catalog][tasks]") {
  Jobs jobs{any_era()};
  auto reply = jobs.bench->start("s.job", jobs.job({}));
  REQUIRE(jobs.was_looked_at());
  jobs.bench->stop();
  CHECK(reply.get().failure == ErrorClass::unavailable);
}
