#include "server/process/executable.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

using namespace carillon::process;
using namespace std::chrono_literals;

TEST_CASE("a program is found in the path it is looked up in", "[process][executable]") {
  CHECK(find_executable("sh", "/no/such:/bin") == "/bin/sh");
  CHECK(find_executable("/bin/sh", "") == "/bin/sh");
  CHECK_FALSE(find_executable("sh", "/no/such"));
  CHECK_FALSE(find_executable("sh", ""));
  CHECK_FALSE(find_executable("", "/bin"));
  CHECK_FALSE(find_executable("/etc/passwd", ""));  // not executable
  CHECK_FALSE(find_executable("/bin", ""));         // a folder
}

TEST_CASE("the login shell tells its path", "[process][executable]") {
  const auto path = login_path(10s);
  CHECK(find_executable("sh", path));
}

TEST_CASE("only allowed variables are inherited", "[process][executable]") {
  ::setenv("CARILLON_TEST_ONE", "1", 1);
  ::setenv("SOME_API_KEY", "hush", 1);
  const auto inherited = inherited_environment(daemon_environment_names());
  CHECK(inherited.at("CARILLON_TEST_ONE") == "1");
  CHECK(inherited.count("SOME_API_KEY") == 0);
  CHECK(inherited.count("PATH") == 1);
  CHECK(inherited_environment(server_environment_names()).count("CARILLON_TEST_ONE") == 0);
}

TEST_CASE("we know which program we are", "[process][executable]") {
  CHECK(find_executable(own_executable(), ""));
  CHECK(own_executable().find("process_test") != std::string::npos);
}
