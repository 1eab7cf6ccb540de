// Letters as calls of a real downstream server (tests/stand_in), through the real catalog.
#include "server/delivery/tool_call.h"

#include <catch2/catch.hpp>

#include "server/domain/notify.h"
#include "tests/catalog/catalog_fixture.h"

namespace carillon::delivery {
namespace {

using namespace std::chrono_literals;

struct Calling : catalog::Bench {
  Calling() { with({}); }

  Attempt send(const std::string& target, const std::function<void(Letter&)>& change = {}, Duration timeout = 20s) {
    Letter letter{.tenant = TenantId{"default"},
                  .id = "msg_7_abc",
                  .target = target,
                  .subject = "echo#7 failed",
                  .text = "echo#7 failed\nmore",
                  .facts = {},
                  .at = {}};
    if (change) change(letter);
    DeliveryOptions limits;
    limits.timeout = timeout;
    return ToolCalls{catalog(), limits}.send(letter, {});
  }
};

}  // namespace

TEST_CASE("a letter is one call with its text and its name as the key", "[delivery][tool_call]") {
  Calling f;
  CHECK(f.send("s.record").became == Became::sent);
  const auto calls = f.journal("call");
  REQUIRE(calls.size() == 1);
  CHECK(calls[0]["arguments"] == json{{"message", "echo#7 failed\nmore"}});
  CHECK(calls[0]["key"] == "msg_7_abc");
}

TEST_CASE("a tool that may not be called twice is not", "[delivery][tool_call]") {
  Calling f;
  const auto interrupted = [](Letter& letter) { letter.interrupted = true; };
  CHECK(f.send("s.record", interrupted).became == Became::never);
  CHECK(f.journal("call").empty());
  CHECK(f.send("s.record_again", interrupted).became == Became::sent);
  CHECK(f.journal("call").size() == 1);
  const Attempt lost = f.send("s.wait_for_file", {}, 300ms);
  CHECK(lost.became == Became::never);
  CHECK(lost.why.find("nobody knows") != std::string::npos);
}

TEST_CASE("what a tool answers decides what comes next", "[delivery][tool_call]") {
  Calling f;
  const Attempt failed = f.send("s.fail");
  CHECK(failed.became == Became::never);
  CHECK(failed.why.find("echo#7 failed") != std::string::npos);
  CHECK(f.send("s.nothing").became == Became::refused);
  CHECK(f.send("nowhere.echo").became == Became::refused);
  CHECK(f.send("s.add").became == Became::never);  // no text argument
}

TEST_CASE("who wrote the task needs the scopes of the tool still", "[delivery][tool_call]") {
  Calling f;
  f.with({}, {{"carillon", {{"tools", {{"record", {{"scopes", {"admin"}}}}}}}}});
  const auto with = [](Scopes scopes) { return [scopes](Letter& letter) { letter.scopes = scopes; }; };
  const Attempt lacking = f.send("s.record", with({Scope::read, Scope::tools}));
  CHECK(lacking.became == Became::never);
  CHECK(lacking.why.find("\"admin\"") != std::string::npos);
  CHECK(f.journal("call").empty());
  CHECK(f.send("s.record", with({Scope::tools, Scope::admin})).became == Became::sent);
}

}  // namespace carillon::delivery
