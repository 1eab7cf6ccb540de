#include "transport/envelope.h"

#include <catch2/catch.hpp>

namespace carillon::transport {
namespace {

TEST_CASE("an envelope is read wherever its members stand", "[transport][envelope]") {
  const auto [text, id, method, is_response] = GENERATE(table<std::string, std::string, std::string, bool>({
      {R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}})", "7", R"("tools/call")", false},
      {R"({"method":"a","params":{"id":1,"method":"x","result":[{}]},"jsonrpc":"2.0","id":"b"})", R"("b")", R"("a")",
       false},
      {R"( { "id" : "}\"," , "result" : [ "]" , {"}":"{"} ] } )", R"("}\",")", "", true},
      {R"({"error":{"code":1},"id":null})", "null", "", true},
      {R"({"id":1,"id":2,"method":3})", "2", "", false},
      {R"({})", "", "", false},
      {"{\"id\":-1.5\r}", "-1.5", "", false},
  }));
  CAPTURE(text);
  const auto envelope = read_envelope(text, Reading::whole);
  REQUIRE(envelope);
  CHECK(envelope->id == id);
  CHECK(envelope->method == method);
  CHECK(envelope->is_response == is_response);
}

TEST_CASE("what is no single message has no envelope", "[transport][envelope]") {
  const auto text = GENERATE(as<std::string>{}, "", "null", "not json", R"([{"id":1}])", "{", R"({"id")", R"({"id":)",
                             R"({"id":1)", R"({"id":1,)", R"({"id":1,})", R"({"id":1}})", R"({"id":1} {"id":2})",
                             R"({id:1})", R"({"a":[1,2})", R"({"a":"\")", R"({"a":"b\)", R"({"a"1})");
  CAPTURE(text);
  CHECK_FALSE(read_envelope(text, Reading::whole));
}

TEST_CASE("reading stops where the message is known", "[transport][envelope]") {
  const auto answer = read_envelope(R"({"jsonrpc":"2.0","id":7,"result":broken)", Reading::until_known);
  REQUIRE(answer);
  CHECK(answer->id == "7");
  CHECK(answer->is_response);
  const auto late = read_envelope(R"({"result":{"id":1},"id":8})", Reading::until_known);
  REQUIRE(late);
  CHECK(late->id == "8");
  CHECK_FALSE(read_envelope(R"({"jsonrpc":"2.0","id":7,)", Reading::until_known));
}

TEST_CASE("two spellings of one id are one", "[transport][envelope]") {
  const auto [given, plain] = GENERATE(table<std::string, std::string>({
      {"7", "7"},
      {"-7", "-7"},
      {"-0", "0"},
      {R"("a")", R"("a")"},
      {R"("\u0061")", R"("a")"},
      {R"("\/")", R"("/")"},
      {"\"\xc3\xbc\"", "\"\xc3\xbc\""},
      {"9223372036854775807", "9223372036854775807"},
      {"1.5", ""},
      {"null", ""},
      {"true", ""},
      {"01", ""},
      {"", ""},
  }));
  CAPTURE(given);
  CHECK(plain_id(given) == plain);
}

}  // namespace
}  // namespace carillon::transport
