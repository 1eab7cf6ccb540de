#include "server/worker/run_output.h"

#include <catch2/catch.hpp>

using namespace carillon;

namespace {
ToolReply with_text(const std::string& text) {
  ToolReply reply;
  reply.content = json::array({json{{"type", "text"}, {"text", text}}, json{{"type", "image"}, {"data", ""}}});
  return reply;
}
}  // namespace

TEST_CASE("the value of a reply is its structure or else its text read as JSON or else its text",
          "[worker][run_output]") {
  ToolReply reply = with_text(R"({"a": 1})");
  CHECK(value_of_reply(reply) == json{{"a", 1}});
  reply.structured = json{{"b", 2}};
  CHECK(value_of_reply(reply) == json{{"b", 2}});
  CHECK(value_of_reply(with_text("5")) == json{{"text", "5"}});
  CHECK(value_of_reply(with_text("hi")) == json{{"text", "hi"}});
  CHECK(output_of_reply(with_text("hi")).at("text") == "hi");
}

TEST_CASE("bytes that are no UTF-8 are replaced and NUL is left out of plain text", "[worker][run_output]") {
  const auto [raw, safe] = GENERATE(table<std::string, std::string>({
      {"plain", "plain"},
      {std::string{"a\0b", 3}, "ab"},
      {"\xff", "\xEF\xBF\xBD"},
      {"\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a lone surrogate
      {"\xc0\xaf", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // an overlong form
      {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
      {"cut \xe2\x82", "cut \xEF\xBF\xBD\xEF\xBF\xBD"},
  }));
  CHECK(safe_text(raw, 100) == safe);
}

TEST_CASE("a text is cut between characters", "[worker][run_output]") {
  CHECK(safe_text("a\xe2\x82\xac", 3) == "a");
  CHECK(safe_text("a\xe2\x82\xac", 4) == "a\xe2\x82\xac");
}

TEST_CASE("a large output is cut and flagged and stays JSON", "[worker][run_output]") {
  const std::string quotes(5000, '"');
  const KeptOutput stored = kept(output_of_reply(with_text(quotes)), 1000);
  CHECK(stored.cut);
  CHECK(stored.bytes > 5000);
  CHECK(stored.text.size() <= 1000);
  CHECK(json::parse(stored.text).at("cut") == true);
  CHECK_FALSE(kept(json{{"a", 1}}, 1000).cut);
}
