#include "server/process/child.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>

using namespace carillon;
using namespace carillon::process;
using namespace std::chrono_literals;

namespace {

Command shell(const std::string& script) {
  Command command;
  command.arguments = {"sh", "-c", script};
  command.environment = {{"PATH", "/usr/bin:/bin"}};
  return command;
}

Finished run(const Command& command, std::string input = "") {
  auto finished = run_to_end(command, {.input = std::move(input), .timeout = 20s});
  REQUIRE(finished.ok());
  return *std::move(finished);
}

// Reads one line from the child, waiting for it.
std::string read_line(int fd) {
  std::string line;
  for (char letter = 0; ::read(fd, &letter, 1) == 1 && letter != '\n';) line.push_back(letter);
  return line;
}

bool is_gone(pid_t pid) {
  // A killed grandchild stays a zombie until init reaps it, so ask what state it is in rather than whether it exists.
  for (const auto deadline = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < deadline;) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text{std::istreambuf_iterator<char>{status}, {}};
    if (text.empty() || text.find(") Z") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a command's output and errors and status come back", "[process][child]") {
  const auto finished = run(shell("cat; echo oops >&2; exit 3"), "hello");
  CHECK(finished.output == "hello");
  CHECK(finished.errors == "oops\n");
  CHECK(finished.exit.code == 3);
  CHECK(describe(finished.exit) == "exited with status 3");
}

TEST_CASE("a child sees exactly the environment and directory it was given", "[process][child]") {
  auto command = shell("pwd; env");
  command.directory = "/usr";
  command.environment["WORD"] = "a b";
  const auto output = run(command).output;
  CHECK(output.find("/usr\n") == 0);
  CHECK(output.find("WORD=a b\n") != std::string::npos);
  CHECK(output.find("HOME=") == std::string::npos);
}

TEST_CASE("a child inherits no descriptor of ours", "[process][child]") {
  const UniqueFd leak{::dup(STDERR_FILENO)};                      // not close-on-exec
  CHECK(run(shell("ls /proc/self/fd | wc -l")).output == "4\n");  // 0 1 2 and ls's own
}

TEST_CASE("a large input and output do not lock each other up", "[process][child]") {
  const std::string text(3u << 20, 'x');
  CHECK(run(shell("cat"), text).output.size() == text.size());
}

TEST_CASE("a program that ignores its input is no broken pipe for us", "[process][child]") {
  CHECK(run(shell("exit 0"), std::string(1u << 20, 'x')).exit.clean());
}

TEST_CASE("a missing program is named with the reason", "[process][child]") {
  auto command = shell("");
  command.arguments = {"no-such-program-here"};
  const auto child = Child::start(command);
  REQUIRE_FALSE(child.ok());
  CHECK(child.error().message.find("no-such-program-here") != std::string::npos);
  CHECK(child.error().code == ErrorCode::unavailable);

  command = shell("true");
  command.directory = "/no/such/place";
  const auto elsewhere = Child::start(command);
  REQUIRE_FALSE(elsewhere.ok());
  CHECK(elsewhere.error().message.find("directory") != std::string::npos);
}

TEST_CASE("a command that outlives its timeout is killed with its group", "[process][child]") {
  const auto file = std::filesystem::temp_directory_path() / ("carillon_child_" + std::to_string(::getpid()));
  const auto result =
      run_to_end(shell("sleep 600 & echo $! > " + file.string() + "; wait"), {.input = "", .timeout = 300ms});
  REQUIRE_FALSE(result.ok());
  pid_t grandchild = 0;
  std::ifstream{file} >> grandchild;
  REQUIRE(grandchild > 0);
  CHECK(is_gone(grandchild));
  std::filesystem::remove(file);
}

TEST_CASE("stopping asks first and insists after the grace", "[process][child]") {
  auto polite = Child::start(shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"));
  REQUIRE(polite.ok());
  CHECK(read_line(polite->output().get()) == "ready");
  CHECK(polite->stop(10s).code == 7);

  auto stubborn = Child::start(shell("trap '' TERM; sleep 600 & echo $!; wait; wait"));
  REQUIRE(stubborn.ok());
  const pid_t grandchild = std::stoi(read_line(stubborn->output().get()));
  CHECK(stubborn->stop(100ms).signal == SIGKILL);
  CHECK(is_gone(grandchild));
}

TEST_CASE("what a dead child left in its group is ended with it", "[process][child]") {
  auto child = Child::start(shell("sleep 600 & echo $!; exit 0"));
  REQUIRE(child.ok());
  const pid_t grandchild = std::stoi(read_line(child->output().get()));
  const auto exit = child->wait_for(10s);
  REQUIRE(exit);
  CHECK(exit->clean());
  CHECK(is_gone(grandchild));
}

TEST_CASE("a child nobody keeps is killed", "[process][child]") {
  pid_t pid = 0;
  {
    auto child = Child::start(shell("sleep 600"));
    REQUIRE(child.ok());
    pid = child->pid();
  }
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("a child's exit makes its descriptor readable", "[process][child]") {
  auto child = Child::start(shell("read line; exit 4"));
  REQUIRE(child.ok());
  CHECK_FALSE(child->poll_exit());
  CHECK_FALSE(child->wait_for(1ms));
  child->input().reset();
  REQUIRE(child->wait_for(10s));
  CHECK(child->poll_exit()->code == 4);
}

TEST_CASE("root can start a child as somebody else", "[process][child]") {
  if (::geteuid() != 0) return;
  auto command = shell("id -u; id -G");
  command.identity = Identity{65534, 65534};
  CHECK(run(command).output == "65534\n65534\n");
}

TEST_CASE("a detached child has its own session and writes to its log", "[process][child]") {
  const auto file = std::filesystem::temp_directory_path() / ("carillon_log_" + std::to_string(::getpid()));
  auto command = shell("ps -o sid= -p $$; echo to-errors >&2");
  command.session = Session::own_session;
  command.input = Stream::discard;
  command.output_file = file.string();
  auto child = Child::start(command);
  REQUIRE(child.ok());
  const auto pid = child->pid();
  REQUIRE(child->wait_for(10s));
  std::ifstream log{file};
  pid_t session = 0;
  std::string word;
  log >> session >> word;
  CHECK(session == pid);
  CHECK(word == "to-errors");
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::mask) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::remove(file);
}

TEST_CASE("a confined child has limits and no network and no rights to gain", "[process][child]") {
  Command command = shell(
      "ulimit -v; ulimit -f; ulimit -c; ulimit -t; grep NoNewPrivs /proc/self/status; id -u; "
      "tail -n +3 /proc/self/net/dev | wc -l");
  command.confinement = Confinement{.cpu = 7s,
                                    .memory_bytes_max = 64u << 20,
                                    .file_bytes_max = 1u << 20,
                                    .no_network = can_take_network_away()};
  const std::string said = run(command).output;
  CHECK(said.starts_with("65536\n2048\n0\n7\nNoNewPrivs:\t1\n" + std::to_string(::getuid()) + "\n"));
  if (can_take_network_away()) CHECK(said.ends_with("\n1\n"));
}

TEST_CASE("a program that is run to its end is killed when a stop is asked for", "[process][child]") {
  std::stop_source stop;
  stop.request_stop();
  // Its pipes are closed and it still runs: there is nothing to read from.
  const auto stopped = run_to_end(shell("exec >&- 2>&-; sleep 60"), {.input = "", .timeout = 60s, .stop = stop.get_token()});
  CHECK_FALSE(stopped.ok());
}
