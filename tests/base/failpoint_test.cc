#include "server/base/failpoint.h"

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>

using namespace carillon;

// What it does when armed is tested by the kill tests of the worker: it reads the environment once, at the start.
TEST_CASE("a failpoint that is not armed is passed", "[base][failpoint]") {
  REQUIRE(std::getenv("CARILLON_FAILPOINT") == nullptr);
  failpoint("before_call");
  CHECK_FALSE(detail::failpoint_armed);
}

TEST_CASE("only the named place kills and only at its turn", "[base][failpoint]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("CARILLON_FAILPOINT", "here:2", 1);
    detail::pass_failpoint("there");
    detail::pass_failpoint("here");
    detail::pass_failpoint("here");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}
