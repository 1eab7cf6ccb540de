// A worker is killed at each failpoint and another takes over. The worker that dies is this test program itself,
// started again with one hidden case.
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/process/child.h"
#include "tests/worker/rig.h"

using namespace carillon;
using namespace carillon::test;

namespace {

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::map<std::string, int> calls_in(const std::string& file) {
  std::map<std::string, int> calls;
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);) ++calls[line];
  return calls;
}

// Runs a worker in a process of its own until the failpoint kills it.
void work_until_killed(const TestDatabase& database, const std::string& failpoint, const std::string& log_file) {
  process::Command command;
  command.arguments = {"/proc/self/exe", "a worker for others to kill"};
  command.environment = {{"PATH", env("PATH")},
                         {"CARILLON_FAILPOINT", failpoint},
                         {"TEST_DISPATCH_URL", database.urls().dispatch},
                         {"TEST_LOG_FILE", log_file}};
  command.arguments[0] = std::filesystem::read_symlink("/proc/self/exe").string();
  command.output = command.errors = process::Stream::discard;
  auto child = process::Child::start(command);
  REQUIRE(child.ok());
  const auto end = child->wait_for(std::chrono::seconds{30});
  REQUIRE(end.has_value());
  REQUIRE(end->signal == SIGKILL);
}

struct LogFile {
  LogFile() : path("/tmp/carillon-kill-" + std::to_string(::getpid())) { std::filesystem::remove(path); }
  ~LogFile() { std::filesystem::remove(path); }
  const std::string path;
};

}  // namespace

TEST_CASE("a worker for others to kill", "[.child]") {
  // Only what the rig needs of a database that belongs to another process.
  DbClock clock;
  FakeTools tools{env("TEST_LOG_FILE")};
  const HotPathOptions options{.url = env("TEST_DISPATCH_URL"), .application = "victim"};
  const WorkerOptions limits = quick_options();
  Membership membership{options, this_process("worker"), clock, limits.leases.shard_expiry};
  Worker worker{{options, tools, clock, membership, {}}, limits};
  worker.start();
  ::pause();
}

TEST_CASE("a worker killed at any failpoint loses no run and doubles none", "[worker][kill]") {
  const TestDatabase database;
  const auto [failpoint, tool, state, calls] = GENERATE(table<std::string, std::string, std::string, int>({
      {"after_claim", "t.read", "succeeded", 1},
      {"after_claim", "t.destructive", "succeeded", 1},
      {"before_call", "t.read", "succeeded", 1},
      {"before_call", "t.destructive", "unknown", 0},  // its start evidence is written
      {"after_call", "t.read", "succeeded", 2},
      {"after_call", "t.idempotent", "succeeded", 2},
      {"after_call", "t.destructive", "unknown", 1},
      {"before_complete", "t.read", "succeeded", 2},
      {"before_complete", "t.destructive", "unknown", 1},
  }));
  INFO(failpoint << " " << tool);
  const LogFile log;
  put_task(database, 1, definition_of(tool_action(tool)));
  put_ready(database, {.id = 1});
  work_until_killed(database, failpoint, log.path);
  CHECK(misplaced(database, 1, 1).empty());
  CHECK(database.ask("SELECT count(*) FROM carillon.run_live") == "1");

  Rig heir{database, quick_options(), "heir", log.path};
  REQUIRE(heir.wait_ended(1));
  CHECK(database.ask("SELECT outcome FROM carillon.run_history") == state);
  CHECK(calls_in(log.path)[tool] == calls);
  CHECK(misplaced(database, 1, 1).empty());
}

TEST_CASE("the steps of a killed worker's run go on at the first that had not ended", "[worker][kill]") {
  const TestDatabase database;
  const LogFile log;
  put_task(database, 1,
           definition_of(steps_action(
               {step("a", "t.a"), step("b", "t.b.destructive"), step("c", "t.c", {{"of_a", "${steps.a.said}"}})})));
  put_ready(database, {.id = 1});
  work_until_killed(database, "before_call:3", log.path);
  Rig heir{database, quick_options(), "heir", log.path};
  REQUIRE(heir.wait_ended(1));
  CHECK(database.ask("SELECT outcome FROM carillon.run_history") == "succeeded");
  CHECK(calls_in(log.path) == std::map<std::string, int>{{"t.a", 1}, {"t.b.destructive", 1}, {"t.c", 1}});
}

TEST_CASE("a run that kills every worker is quarantined and its neighbours are not", "[worker][kill]") {
  const TestDatabase database;
  const LogFile log;
  put_task(database, 1, definition_of(tool_action("t.read")));
  put_ready(database, {.id = 1});
  for (int deaths = 0; deaths < 5; ++deaths) {
    INFO(deaths);
    REQUIRE(database.ask("SELECT count(*) FROM carillon.run_history") == "0");
    work_until_killed(database, "before_call", log.path);
  }
  put_task(database, 2, definition_of(tool_action("t.read")));
  put_ready(database, {.id = 2, .task = 2});
  Rig heir{database, quick_options(), "heir"};
  REQUIRE(heir.wait_ended(2));
  CHECK(database.ask("SELECT outcome || ' ' || reason FROM carillon.run_history WHERE id = 1") == "failed quarantined");
  CHECK(database.ask("SELECT outcome FROM carillon.run_history WHERE id = 2") == "succeeded");
}

TEST_CASE("a worker killed while a question is open leaves a true end and a closed question",
          "[worker][kill][questions]") {
  const TestDatabase database;
  const auto [tool, state, questions] = GENERATE(table<std::string, std::string, std::string>({
      {"t.asking.destructive", "unknown", "ask-1-1 worker_lost"},
      {"t.asking.read", "succeeded", "ask-1-1 worker_lost, ask-2-1 answered"},  // asked again
  }));
  INFO(tool);
  const LogFile log;
  put_task(database, 1, definition_of(tool_action(tool)));
  put_ready(database, {.id = 1, .payload = R"(convert_to('{"can_answer":{"elicitation":{}}}', 'UTF8'))"});
  work_until_killed(database, "after_question", log.path);
  CHECK(database.ask("SELECT count(*) FROM carillon.run_question WHERE closed_at IS NULL") == "1");

  Rig heir{database, quick_options(), "heir", log.path};
  if (state == "succeeded") {
    REQUIRE(heir.wait_asks(1));
    database.run(
        "UPDATE carillon.run_question SET answer = convert_to('{\"action\":\"cancel\"}', 'UTF8'), answered_by = "
        "'anna', "
        "closed_at = now(), outcome = 'answered' WHERE question_key = 'ask-2-1'");
    heir.bell.question_answered(RunId{1});
  }
  REQUIRE(heir.wait_ended(1));
  CHECK(database.ask("SELECT outcome FROM carillon.run_history") == state);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  const auto told = [&] {
    return database.ask(
        "SELECT string_agg(question_key || ' ' || coalesce(outcome, 'open'), ', ' ORDER BY question_key) "
        "FROM carillon.run_question");
  };
  while (told() != questions && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  CHECK(told() == questions);
  CHECK(misplaced(database, 1, 1).empty());
}
