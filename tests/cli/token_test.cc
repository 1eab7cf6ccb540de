#include "server/cli/token.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "server/base/mask.h"
#include "tests/support/installation.h"

namespace carillon::cli {
namespace {

struct Directory {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("carillon_token_" + std::to_string(::getpid()));
  Directory() { std::filesystem::create_directories(path); }
  ~Directory() { std::filesystem::remove_all(path); }
};

transport::HttpRequest with_header(const std::string& value, const std::string& path = "/mcp") {
  transport::HttpRequest request;
  request.path = path;
  if (!value.empty()) request.headers.emplace("Authorization", value);
  return request;
}

TEST_CASE("the first start makes a token that only its owner may read and later starts keep it", "[cli][token]") {
  const Directory directory;
  const auto file = directory.path / "token";
  const std::string token = read_or_make_token(file);
  CHECK(token.size() == 64);
  CHECK(mask_secrets("a " + token + " b") == "a [masked] b");
  struct stat facts {};
  REQUIRE(::stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(read_or_make_token(file) == token);
}

TEST_CASE("a token that others may read is refused", "[cli][token]") {
  const Directory directory;
  const auto file = directory.path / "token";
  std::ofstream{file} << "abcdefgh\n";
  ::chmod(file.c_str(), 0644);
  CHECK_THROWS_AS(read_or_make_token(file), std::system_error);
  ::chmod(file.c_str(), 0600);
  CHECK(read_or_make_token(file) == "abcdefgh");
}

TEST_CASE("only the right bearer token lets a request pass", "[cli][token]") {
  test::Installation here;
  AgentTokens agents{here.engine, here.clock};
  TokenAuthenticator authenticator{"right-token", TokenUse::required, agents};
  const auto right = GENERATE(as<std::string>{}, "Bearer right-token", "bearer right-token", "BEARER right-token");
  CHECK(std::holds_alternative<transport::Principal>(authenticator.authenticate(with_header(right))));
  const auto wrong = GENERATE(as<std::string>{}, "", "Bearer wrong-token", "right-token", "Basic right-token",
                              "Bearer right-token ", "Bearer", "Bearer ", "Bearer  right-token",
                              "Bearer right-token, Bearer wrong-token", "Bearer Right-token");
  CAPTURE(wrong);
  CHECK(std::holds_alternative<transport::Denied>(authenticator.authenticate(with_header(wrong))));
}

TEST_CASE("an insecure loopback endpoint asks for nothing", "[cli][token]") {
  test::Installation here;
  AgentTokens agents{here.engine, here.clock};
  TokenAuthenticator authenticator{"t", TokenUse::not_asked, agents};
  CHECK(std::get<transport::Principal>(authenticator.authenticate(with_header(""))) == host_principal());
  CHECK(std::get<transport::Principal>(authenticator.authenticate(with_header("Bearer x"))) == host_principal());
  // An agent that says who it is does not become the owner, and one that nobody knows does not come in.
  const auto agent = with_header("Bearer " + new_agent_token().text);
  CHECK(std::holds_alternative<transport::Undecided>(authenticator.authenticate(agent)));
  CHECK(std::holds_alternative<transport::Denied>(authenticator.look_up(agent)));
}

TEST_CASE("the owner is a person but where a host speaks in that name", "[cli][token]") {
  test::Installation here;
  AgentTokens agents{here.engine, here.clock};
  TokenAuthenticator authenticator{"right-token", TokenUse::required, agents};
  const auto on = [&](const char* path) {
    return std::get<transport::Principal>(authenticator.authenticate(with_header("Bearer right-token", path)));
  };
  CHECK(on("/api/v1/tools/get_status") == owner_principal());
  for (const char* path : {"/mcp", "/sse", "/messages", "/"}) CHECK(on(path) == host_principal());
  CHECK(owner_principal().kind == "person");
  CHECK(host_principal().kind == "agent");
  CHECK(host_principal().agent == owner_principal().agent);
  CHECK(host_principal().scopes == owner_principal().scopes);
}

}  // namespace
}  // namespace carillon::cli
