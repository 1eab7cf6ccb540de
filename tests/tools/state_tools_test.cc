// The tools of the shared state and its resource, through the ToolSet, against the real engine and database.
#include <catch2/catch.hpp>

#include "server/domain/state_entry.h"
#include "tests/support/installation.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;
using namespace std::chrono_literals;

json set(Installation& here, const std::string& key, const json& value) {
  return here.call("set_state", {{"key", key}, {"op", "set"}, {"value", value}});
}
std::string text_of_answer(Installation& here, const std::string& tool, const json& arguments) {
  return here.answer(tool, arguments).content.at(0)["text"];
}

TEST_CASE("a value is JSON where it is JSON and a text otherwise", "[tools][state]") {
  Installation here;
  const auto kept = [&](const json& value) {
    set(here, "k", value);
    return here.call("get_state", {{"key", "k"}})["value"];
  };
  CHECK(kept(R"({"a": [1, 2]})") == json{{"a", {1, 2}}});
  CHECK(kept("5") == 5);
  CHECK(kept(R"("5")") == "5");
  CHECK(kept("null") == nullptr);
  CHECK(kept("main is green") == "main is green");
  CHECK(kept("1e999") == "1e999");
  CHECK(kept("") == "");
  CHECK_FALSE(set(here, "k", "plain").contains("warnings"));
  const json broken = set(here, "k", R"({"a": )");
  CHECK_THAT(broken["warnings"][0].get<std::string>(), Catch::StartsWith("the value is not JSON"));
  CHECK(here.answer("get_state", {{"key", "k"}}).structured->at("value") == R"({"a": )");
}

TEST_CASE("a value that came as JSON instead of its text is taken and told", "[tools][state]") {
  Installation here;
  const json told = set(here, "k", {{"a", 1}});
  CHECK_THAT(told["warnings"].dump(), Catch::Contains("/value was taken as JSON"));
  CHECK(here.call("get_state", {{"key", "k"}})["value"] == json{{"a", 1}});
  CHECK(here.refused("set_state", {{"key", "k"}, {"op", "set"}, {"value", nullptr}})["pointer"] == "/value");
}

TEST_CASE("the text of a value tells a text from a number and is one line", "[tools][state]") {
  Installation here;
  set(here, "k", R"("5")");
  CHECK_THAT(text_of_answer(here, "get_state", {{"key", "k"}}), Catch::Contains("value: \"5\"\n"));
  set(here, "k", "5");
  CHECK_THAT(text_of_answer(here, "get_state", {{"key", "k"}}), Catch::Contains("value: 5\n"));
  set(here, "k", "a\nversion: 9");
  CHECK_THAT(text_of_answer(here, "get_state", {{"key", "k"}}), Catch::Contains("value: \"a\\nversion: 9\"\n"));
}

TEST_CASE("changes say what they made and refuse versions that are over", "[tools][state]") {
  Installation here;
  CHECK(set(here, "k", "1")["version"] == 1);
  const json again = here.call("set_state", {{"key", "k"}, {"op", "increment"}, {"value", "4"}, {"if_version", 1}});
  CHECK(again["value"] == 5);
  CHECK(again["version"] == 2);
  const json refused = here.refused("set_state", {{"key", "k"}, {"op", "set"}, {"value", "x"}, {"if_version", 1}});
  CHECK(refused["error"] == "version_conflict");
  CHECK(refused["current_version"] == 2);
  CHECK(refused["current"] == 5);
  CHECK(here.call("set_state", {{"key", "l"}, {"op", "append"}, {"value", "a"}})["length"] == 1);
  const json ending = here.call("set_state", {{"key", "t"}, {"op", "set"}, {"value", "a"}, {"ttl", "1h30m"}});
  CHECK(ending["expires_at"] == "Fri 2026-11-20 15:30 Europe/Berlin, in 1 h 30 min");
}

TEST_CASE("agents take turns by leases with fencing numbers", "[tools][state]") {
  Installation here;
  const json acquire{{"key", "repo/a/build"}, {"op", "acquire"}, {"ttl", "30m"}};
  const json held = here.call("set_state", acquire);
  CHECK(held["fencing"] == 1);
  CHECK(held["held_until"] == "Fri 2026-11-20 14:30 Europe/Berlin, in 30 min");
  const json refused = here.refused("set_state", acquire);
  CHECK(refused["error"] == "conflict");
  CHECK(refused["holder"] == "owner");
  CHECK(refused["until"] == "Fri 2026-11-20 14:30 Europe/Berlin, in 30 min");
  const json seen = here.call("get_state", {{"key", "repo/a/build"}});
  CHECK(seen["held_by"] == "owner");
  CHECK(seen["version"] == 0);
  CHECK_FALSE(seen.contains("fencing"));
  CHECK_FALSE(seen.contains("found"));
  CHECK(
      here.call("set_state", {{"key", "repo/a/build"}, {"op", "release"}, {"if_version", 1}}).contains("released_at"));
  CHECK(here.call("set_state", acquire)["fencing"] == 2);
  CHECK(here.refused("set_state",
                     {{"key", "repo/a/build"}, {"op", "set"}, {"value", "late"}, {"if_version", 1}})["error"] ==
        "version_conflict");
}

TEST_CASE("calls that make no sense say what to change", "[tools][state]") {
  Installation here;
  const auto pointer = [&](const std::string& tool, const json& arguments) {
    return here.refused(tool, arguments)["pointer"];
  };
  CHECK(pointer("set_state", {{"key", "k"}, {"op", "delete"}}) == "/op");
  CHECK(pointer("set_state", {{"key", "k"}, {"op", "set"}, {"value", "1"}, {"ttl", "soon"}}) == "/ttl");
  CHECK(pointer("set_state", {{"key", "k"}, {"op", "acquire"}, {"ttl", "8d"}}) == "/ttl");
  CHECK(pointer("set_state", {{"key", "k"}, {"op", "release"}}) == "/if_version");
  CHECK(pointer("set_state", {{"key", "k"}, {"op", "increment"}, {"value", "many"}}) == "/value");
  CHECK(pointer("set_state", {{"key", std::string(201, 'k')}, {"op", "acquire"}}) == "/key");
  CHECK(pointer("set_state", {{"key", "k"}, {"op", "set"}, {"value", std::string(101, '[') + std::string(101, ']')}}) ==
        "/value");
  CHECK(here.refused("set_state",
                     {{"key", "k"}, {"op", "set"}, {"value", std::string(kStateValueBytesMax, 'x')}})["error"] ==
        "too_large");
  CHECK(pointer("get_state", {{"key", "k"}, {"prefix", "k"}}) == "/prefix");
  CHECK(pointer("get_state", {{"cursor", "x"}}) == "/cursor");
  here.scopes = {"read"};
  CHECK(here.refused("set_state", {{"key", "k"}, {"op", "acquire"}})["error"] == "not_allowed");
  CHECK(here.call("get_state", json::object())["keys"] == json::array());
}

TEST_CASE("a long value is shown by its beginning and whole by its resource", "[tools][state]") {
  Installation here;
  const std::string words(5'000, 'x');
  here.call("set_state", {{"key", "big one"}, {"namespace", "n/s"}, {"op", "set"}, {"value", words}});
  const auto said = here.answer("get_state", {{"key", "big one"}, {"namespace", "n/s"}});
  const json seen = *said.structured;
  CHECK(seen["value"].get<std::string>().size() < 700);
  CHECK(seen["value_bytes"] == 5'002);
  CHECK(seen["value_resource"] == "state://n%2Fs/big%20one");
  CHECK(seen["namespace"] == "n/s");
  CHECK(said.content.at(1)["uri"] == "state://n%2Fs/big%20one");
  const json detailed =
      here.call("get_state", {{"key", "big one"}, {"namespace", "n/s"}, {"response_format", "detailed"}});
  CHECK(detailed["value"] == words);
}

TEST_CASE("a cut between the bytes of a character leaves whole characters", "[tools][state]") {
  Installation here;
  for (int spaces = 0; spaces < 4; ++spaces) {
    std::string words(static_cast<std::size_t>(spaces), ' ');
    for (int n = 0; n < 1'000; ++n) words += "\xF0\x9F\x94\x94";
    set(here, "k", words);
    const std::string row = here.call("get_state", {{"prefix", "k"}})["keys"][0]["value"];
    CHECK_THAT(row, Catch::EndsWith("\xF0\x9F\x94\x94…"));
  }
}

TEST_CASE("keys are listed with their values and holders and a cursor", "[tools][state]") {
  Installation here;
  for (const char* key : {"a/1", "a/2", "a/3", "b"}) set(here, key, std::string("\"of ") + key + "\"");
  here.call("set_state", {{"key", "a/2"}, {"op", "acquire"}});
  const json first = here.call("get_state", {{"prefix", "a/"}, {"limit", 2}});
  REQUIRE(first["keys"].size() == 2);
  CHECK(first["keys"][0] == json{{"key", "a/1"}, {"version", 1}, {"value", "of a/1"}});
  CHECK(first["keys"][1]["held_by"] == "owner");
  const json rest = here.call("get_state", {{"prefix", "a/"}, {"limit", 2}, {"cursor", first["next_cursor"]}});
  REQUIRE(rest["keys"].size() == 1);
  CHECK_FALSE(rest.contains("next_cursor"));
  CHECK(text_of_answer(here, "get_state", {{"prefix", "c"}}) == "no such keys");
  CHECK(here.call("get_state", {{"namespace", "other"}})["keys"] == json::array());
  const json detailed = here.call("get_state", {{"prefix", "b"}, {"response_format", "detailed"}});
  CHECK(detailed["keys"][0]["changed_by"] == "owner");
}

TEST_CASE("a page of many long values stays short and goes on", "[tools][state]") {
  Installation here;
  for (int n = 0; n < 60; ++n) set(here, "key/" + std::to_string(n), std::string(900, 'x'));
  const auto said = here.answer("get_state", {{"limit", 100}});
  CHECK(said.content.at(0)["text"].get<std::string>().size() + said.structured->dump().size() <= 6'500);
  CHECK(said.structured->contains("next_cursor"));
}

TEST_CASE("earlier values of a key are shown when they are asked for", "[tools][state]") {
  Installation here;
  for (int n = 1; n <= 4; ++n) set(here, "k", std::to_string(n));
  CHECK_FALSE(here.call("get_state", {{"key", "k"}}).contains("earlier"));
  const json seen = here.call("get_state", {{"key", "k"}, {"limit", 2}});
  REQUIRE(seen["earlier"].size() == 2);
  CHECK(seen["earlier"][0]["value"] == 3);
  const json rest = here.call("get_state", {{"key", "k"}, {"cursor", seen["next_cursor"]}});
  REQUIRE(rest["earlier"].size() == 1);
  CHECK(rest["earlier"][0]["version"] == 1);
}

TEST_CASE("where there is nothing the answer says so and names what reads like it", "[tools][state]") {
  Installation here;
  set(here, "build/main", "1");
  const json nothing = here.call("get_state", {{"key", "build/mian"}});
  CHECK(nothing["found"] == false);
  CHECK(nothing["nearest"] == json{"build/main"});
  CHECK_FALSE(nothing.contains("value"));
}

TEST_CASE("a key is deleted by its name or its URI and its value set again", "[tools][state]") {
  Installation here;
  set(here, "k", "1");
  here.call("set_state", {{"key", "a/b"}, {"namespace", "n/s"}, {"op", "set"}, {"value", "2"}});
  const json deleted = here.call("delete_item", {{"kind", "state"}, {"name", "k"}});
  CHECK(deleted["deleted"] == "restorable");
  CHECK_THAT(deleted["restore"].get<std::string>(), Catch::Contains("get_state"));
  CHECK(here.call("get_state", {{"key", "k"}, {"limit", 1}})["earlier"][0]["value"] == 1);
  CHECK(here.call("delete_item", {{"kind", "state"}, {"name", "state://n%2Fs/a%2Fb"}, {"hard", true}})["deleted"] ==
        "for good");
  CHECK(here.call("get_state", {{"namespace", "n/s"}})["keys"] == json::array());
  CHECK(here.refused("delete_item", {{"kind", "state"}, {"name", "state://n%2Fs/a%2Fb"}})["error"] == "unknown_name");
}

}  // namespace
}  // namespace carillon::tools
