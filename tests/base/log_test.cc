#include "server/base/log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/mask.h"

namespace carillon {
namespace {

// What `write` puts on stderr while it runs.
template <class F>
std::string stderr_of(F&& write) {
  std::FILE* file = std::tmpfile();
  const int saved = ::dup(2);
  ::dup2(::fileno(file), 2);
  write();
  ::dup2(saved, 2);
  ::close(saved);
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

TEST_CASE("a log line is one JSON object with level and time and service and message and context", "[base][log]") {
  log::configure("test", log::Level::info);
  const std::string text = stderr_of([] {
    const log::Context outer{{{"tenant", "t1"}}};
    const log::Context inner{{{"run", "hello#1"}}};
    log::info("run settled", {{"tool", "a.b"}});
  });
  REQUIRE(text.ends_with('\n'));
  const json line = json::parse(text);
  CHECK(line["level"] == "info");
  CHECK(line["service"] == "test");
  CHECK(line["msg"] == "run settled");
  CHECK(line["ctx"] == json{{"tenant", "t1"}, {"run", "hello#1"}, {"tool", "a.b"}});
  CHECK(line["ts"].get<std::string>().ends_with('Z'));
}

TEST_CASE("context ends with its scope and lines below the least level are not written", "[base][log]") {
  log::configure("test", log::Level::warn);
  const std::string text = stderr_of([] {
    { const log::Context gone{{{"run", "x"}}}; }
    log::debug("no");
    log::info("no");
    log::warn("yes");
    log::error("yes");
  });
  CHECK(text.find("\"no\"") == std::string::npos);
  CHECK(text.find("\"run\"") == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  log::configure("test", log::Level::info);
}

TEST_CASE("secrets and invalid bytes do not reach the log", "[base][log]") {
  register_secret("hunter2hunter2");
  const std::string text = stderr_of([] { log::error("key is hunter2hunter2", {{"bytes", "\xff\xfe"}}); });
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(json::accept(text));
}

TEST_CASE("a failed check ends the process and says where", "[base][check]") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(2);
    std::signal(SIGABRT, SIG_DFL);
    CARILLON_CHECK(1 + 1 == 3);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

}  // namespace
}  // namespace carillon
