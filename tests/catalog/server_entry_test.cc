#include "catalog/server_entry.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "catalog/tool_list.h"
#include "server/base/mask.h"

using namespace carillon;
using namespace carillon::catalog;
using namespace std::chrono_literals;

namespace {
const Vault kNoVault{""};
EntriesRead read(const char* text) { return read_entries(ordered_json::parse(text), kNoVault); }
}  // namespace

TEST_CASE("entries of both kinds are read with our own settings", "[catalog][server_entry]") {
  const auto out = read(R"({"mcpServers":{
    "files":{"command":"npx","args":["-y","server"],"env":{"TOKEN":"files-token-1"},"cwd":"/tmp",
      "carillon":{"timeout":"90s","max_parallel":4,"max_waiting":0,"tools":{"write":{"effect":"idempotent","timeout":2.5,"cost":0.25,
        "scopes":["tools","admin"],"sensitive":["/content"]}}}},
    "remote":{"type":"http","url":"https://example.com/mcp?key=query-secret","headers":{"Authorization":"Bearer header-secret",
      "X-Api-Key":"plain-key-1"}},
    "off":{"command":"x","disabled":true}}, "other":{"is":"kept"}})");
  CHECK(out.problems.empty());
  REQUIRE(out.entries.size() == 2);
  const auto& files = out.entries[0];
  const auto& launched = std::get<LaunchedServer>(files.reach);
  CHECK(launched.arguments == std::vector<std::string>{"npx", "-y", "server"});
  CHECK(launched.environment.at("TOKEN") == "files-token-1");
  CHECK(launched.environment.count("PATH") == 1);
  CHECK(launched.directory == "/tmp");
  CHECK(files.timeout == Duration{90s});
  CHECK(files.parallel_max == 4);
  CHECK(files.waiting_max == 0);
  const auto& write = files.policy("write");
  CHECK(write.effect == Effect::idempotent);
  CHECK(write.timeout == Duration{2500ms});
  CHECK(write.cost == Cost{250'000});
  CHECK(write.scopes == Scopes{Scope::tools, Scope::admin});
  CHECK(write.sensitive == std::vector<std::string>{"/content"});
  CHECK_FALSE(files.policy("read").effect);
  CHECK(std::get<RemoteServer>(out.entries[1].reach).headers[0].second == "Bearer header-secret");
  for (const char* secret : {"files-token-1", "query-secret", "header-secret", "plain-key-1"})
    CHECK(mask_secrets(std::string{secret}) == "[masked]");
}

TEST_CASE("everything that is wrong is told at once with its pointer", "[catalog][server_entry]") {
  const auto out = read(R"({"servers":{
    "a":{}, "b":{"command":"x","url":"http://h"}, "c":7, "d.e":{"command":"x"},
    "f":{"command":"","args":"no","env":{"A":[]},"cwd":7},
    "g":{"url":"ftp://x","headers":{"bad name":"x"}}, "h":{"url":"http://h","type":"sse"},
    "i":{"command":"x","carillon":{"timeout":"soon","max_paralel":1,"max_parallel":0,"max_waiting":-1,
        "tools":{"t/u":{"effect":"reads","cost":-1,"scopes":"x","sensitive":["nope"]},"v":1,
              "w":{"scopes":["tols","admin"],"cost":10001}}}},
    "carillon":{"command":"x"}, "k":{"command":"${NO_SUCH_VARIABLE}"}, "fine":{"command":"x"}}})");
  std::vector<std::string> pointers;
  for (const auto& problem : out.problems) pointers.push_back(problem.pointer);
  CHECK(pointers == std::vector<std::string>{"/servers/a",
                                             "/servers/b",
                                             "/servers/c",
                                             "/servers/d.e",
                                             "/servers/f/command",
                                             "/servers/f/args",
                                             "/servers/f/cwd",
                                             "/servers/f/env/A",
                                             "/servers/g/url",
                                             "/servers/g/headers/bad name",
                                             "/servers/h/type",
                                             "/servers/i/carillon/max_paralel",
                                             "/servers/i/carillon/timeout",
                                             "/servers/i/carillon/max_parallel",
                                             "/servers/i/carillon/max_waiting",
                                             "/servers/i/carillon/tools/t~1u/effect",
                                             "/servers/i/carillon/tools/t~1u/cost",
                                             "/servers/i/carillon/tools/t~1u/scopes",
                                             "/servers/i/carillon/tools/t~1u/sensitive",
                                             "/servers/i/carillon/tools/v",
                                             "/servers/i/carillon/tools/w/cost",
                                             "/servers/i/carillon/tools/w/scopes",
                                             "/servers/carillon",
                                             "/servers/k/command"});
  REQUIRE(out.entries.size() == 1);
  CHECK(out.entries[0].name == "fine");
  CHECK(out.broken.size() == 10);
  CHECK(out.problems[11].message.find("max_parallel") != std::string::npos);  // the nearest name
  CHECK(read_entries(ordered_json(7), kNoVault).problems.size() == 1);
  CHECK(read(R"({"mcpServers":[]})").problems.size() == 1);
  CHECK(read("{}").problems.empty());
}

TEST_CASE("what is said of a tool's scopes and cost is among its facts", "[catalog][server_entry]") {
  const auto out = read(
      R"({"mcpServers":{"far":{"url":"http://h","carillon":{"tools":{"pay":{"scopes":["admin"],"cost":0.002}}}}}})");
  REQUIRE(out.entries.size() == 1);
  transport::ListedTool listed;
  listed.name = "pay";
  const CatalogTool pay{out.entries[0], listed};
  CHECK(pay.facts().scopes == Scopes{Scope::admin});
  CHECK(pay.facts().cost == Cost{2'000});
  listed.name = "look";
  const CatalogTool look{out.entries[0], listed};
  CHECK(look.facts().scopes.empty());
  CHECK(look.facts().cost.is_free());
}

TEST_CASE("entries that start ourselves are skipped with a warning", "[catalog][server_entry]") {
  struct Row {
    const char* entry;
    bool ourselves;
  };
  const auto row = GENERATE(
      Row{R"({"command":"carillon","args":["mcp"]})", true},
      Row{R"({"command":"/opt/bin/carillon","args":["--toolsets","core","mcp"]})", true},
      Row{R"({"command":"npx","args":["-y","carillon","mcp"]})", true},
      Row{R"({"command":"sh","args":["-c","exec carillon mcp"]})", true}, Row{R"({"command":"/proc/self/exe"})", true},
      Row{R"({"command":"npx","args":["server-filesystem","/home/me/carillon"]})", false},
      Row{R"({"command":"carillon-tools"})", false}, Row{R"({"url":"http://carillon/mcp"})", false});
  CAPTURE(row.entry);
  const auto entry = ordered_json::parse(row.entry);
  CHECK(launches_carillon(entry) == row.ourselves);
  const auto out = read_entries({{"mcpServers", {{"x", entry}}}}, kNoVault);
  CHECK(out.entries.size() == (row.ourselves ? 0u : 1u));
  CHECK(out.warnings.size() == (row.ourselves ? 1u : 0u));
}

TEST_CASE("how to sign in is read and checked as a whole", "[catalog][server_entry]") {
  const auto out = read(R"({"mcpServers":{
    "plain":{"url":"https://a.example/mcp"},
    "fixed":{"url":"https://b.example/mcp","headers":{"authorization":"Bearer fixed-header"}},
    "machine":{"url":"https://c.example/mcp","carillon":{"auth":{"grant":"client_credentials","client_id":"me",
       "client_secret":"machine-secret","scopes":["b","a","b"]}}}}})");
  REQUIRE(out.problems.empty());
  const auto auth = [&](std::size_t i) { return std::get<RemoteServer>(out.entries[i].reach).auth; };
  CHECK(auth(0) == AuthEntry{});
  CHECK_FALSE(auth(1));
  REQUIRE(auth(2));
  CHECK(auth(2)->grant == AuthGrant::client_credentials);
  CHECK(auth(2)->scopes == "b a");
  CHECK(mask_secrets(std::string{"machine-secret"}) == "[masked]");
}

TEST_CASE("everything that is wrong about a sign-in is told at once", "[catalog][server_entry]") {
  struct Row {
    const char* auth;
    std::vector<std::string> pointers;
  };
  const auto row = GENERATE(values<Row>({
      {"7", {""}},
      {R"({"grant":"password","clientid":"x","scopes":"a b"})", {"/clientid", "/grant", "/scopes"}},
      {R"({"grant":"client_credentials"})", {"/client_id", "/client_secret"}},
      {R"({"grant":"private_key_jwt","client_id":"x","private_key":"no pem"})", {"/private_key"}},
      {R"({"grant":"jwt_bearer"})", {""}},
      {R"({"client_secret":"env:CARILLON_TEST_UNSET","redirect_port":0})",
       {"/client_secret", "/redirect_port", "/client_id"}},
      {R"({"assertion":"secret:nowhere"})", {"/assertion", "/assertion"}},
      {R"({"grant":"jwt_bearer","identity_provider":{"token_endpoint":"ftp://x"}})",
       {"/identity_provider/client_id", "/identity_provider/id_token", "/identity_provider/token_endpoint"}},
  }));
  CAPTURE(row.auth);
  const ordered_json entry{{"url", "https://a.example/mcp"}, {"carillon", {{"auth", ordered_json::parse(row.auth)}}}};
  const auto out = read_entries({{"mcpServers", {{"x", entry}}}}, kNoVault);
  std::vector<std::string> pointers;
  for (const auto& problem : out.problems) pointers.push_back(problem.pointer);
  std::vector<std::string> expected;
  for (const auto& pointer : row.pointers) expected.push_back("/mcpServers/x/carillon/auth" + pointer);
  CHECK(pointers == expected);
}

TEST_CASE("a sign-in makes no sense for a program or beside a fixed header", "[catalog][server_entry]") {
  CHECK(read(R"({"mcpServers":{"x":{"command":"y","carillon":{"auth":{}}}}})").problems.size() == 1);
  CHECK(read(R"({"mcpServers":{"x":{"url":"http://h","headers":{"Authorization":"a b"},"carillon":{"auth":{}}}}})")
            .problems.size() == 1);
}
