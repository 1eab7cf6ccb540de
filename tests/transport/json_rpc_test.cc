#include "transport/json_rpc.h"

#include <catch2/catch.hpp>

#include "transport/protocol.h"

namespace carillon::transport::json_rpc {
namespace {

TEST_CASE("ids keep their type", "[transport][json_rpc]") {
  const auto id = GENERATE(json(1), json(-5), json("1"), json(""), json(9007199254740993LL));
  const auto parsed = parse(request_text(id, "ping", json::object()));
  const auto* request = std::get_if<Request>(&parsed);
  REQUIRE(request != nullptr);
  CHECK(request->id == id);
  CHECK(request->id.type_name() == std::string{id.type_name()});
}

TEST_CASE("what is no message is refused with the code for it", "[transport][json_rpc]") {
  const auto [text, code] = GENERATE(table<std::string, int>({
      {"", -32700},
      {"{", -32700},
      {"{}{}", -32700},
      {"\"\xff\"", -32700},
      {R"({"jsonrpc":"2.0","id":1e999,"method":"a"})", -32700},
      {"null", -32600},
      {"[]", -32600},
      {R"({"jsonrpc":"1.0","id":1,"method":"a"})", -32600},
      {R"({"jsonrpc":"2.0","id":true,"method":"a"})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"method":"a","params":"x"})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"error":"x"})", -32600},
  }));
  CAPTURE(text);
  const auto parsed = parse(text);
  const auto* malformed = std::get_if<Malformed>(&parsed);
  REQUIRE(malformed != nullptr);
  CHECK(malformed->error.code == code);
}

TEST_CASE("who waits for an answer hears what is no JSON in the request", "[transport][json_rpc]") {
  const auto refused = [](const std::string& text) { return std::get<Malformed>(parse(text)); };
  const auto half = refused(R"({"jsonrpc":"2.0","id":"h","method":"a","params":{"x":"\ud800"}})");
  CHECK(half.id == "h");
  CHECK_THAT(half.error.message, Catch::Contains("surrogate") && Catch::Contains("write both halves"));
  CHECK(half.error.data["position"].get<int>() > 50);
  CHECK(refused(R"({"jsonrpc":"2.0","method":"a","params":[1,,2],"id":7})").id == 7);
  CHECK(refused(R"({"jsonrpc":"2.0","id":8,"result":[1,,2]})").id == nullptr);
  CHECK(refused(R"({"jsonrpc":"2.0","id":"\ud800","method":"a"})").id == nullptr);
  CHECK(refused(R"({"jsonrpc":"2.0","id":null,"method":"\ud800"})").id == nullptr);
  CHECK(refused(R"({"jsonrpc":"2.0","id":9,"meth)").id == nullptr);
  const std::string longest = R"({"jsonrpc":"2.0","id":")" + std::string(2000, 'x') + R"(","method":"\ud800"})";
  CHECK(refused(longest).id == nullptr);
}

TEST_CASE("deep nesting and long texts are refused before anything is built", "[transport][json_rpc]") {
  const std::string deep(100'000, '[');
  CHECK(std::holds_alternative<Malformed>(parse(deep)));
  CHECK(std::holds_alternative<Malformed>(parse(R"({"a":")" + std::string(100, 'x') + "\"}", {64, 128, 100})));
  CHECK(std::holds_alternative<Malformed>(
      parse(R"({"jsonrpc":"2.0","method":"a","params":{"a":[1,2,3]}})", {1000, 9, 9, 9, 9})));
  CHECK(std::holds_alternative<Notification>(
      parse(R"({"jsonrpc":"2.0","method":"a","params":{"a":[1,2,3]}})", {1000, 9, 9, 9, 12})));
}

TEST_CASE("a batch is told apart and its members are judged one by one", "[transport][json_rpc]") {
  const auto parsed = parse(R"([{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b"},7])");
  const auto* batch = std::get_if<Batch>(&parsed);
  REQUIRE(batch != nullptr);
  REQUIRE(batch->messages.size() == 3);
  CHECK(std::holds_alternative<Request>(batch->messages[0]));
  CHECK(std::holds_alternative<Notification>(batch->messages[1]));
  CHECK(std::holds_alternative<Malformed>(batch->messages[2]));
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) many += ",0";
  CHECK(std::holds_alternative<Malformed>(parse(many + "]")));
}

TEST_CASE("texts are one line and mend what is no UTF-8", "[transport][json_rpc]") {
  const std::string text = result_text(1, {{"a", "line\nbreak \xff"}});
  CHECK(text.find('\n') == std::string::npos);
  CHECK(json::parse(text)["result"]["a"] == "line\nbreak \xEF\xBF\xBD");
  CHECK(error_text(nullptr, {-32700, "no", nullptr}) == R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}})");
  CHECK(json::parse(error_text("x", {-32021, "no", {{"a", 1}}}))["error"]["data"]["a"] == 1);
}

}  // namespace
}  // namespace carillon::transport::json_rpc
