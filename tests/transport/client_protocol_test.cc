#include "transport/client_protocol.h"

#include <catch2/catch.hpp>

using namespace carillon;
using namespace carillon::transport;

TEST_CASE("a modern request carries its envelope and keeps what is there", "[transport][client_protocol]") {
  json params{{"name", "x"}, {"_meta", {{"traceparent", "00-1-2-01"}}}};
  add_envelope(params, Revision::v2026_07_28);
  CHECK(params["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28");
  CHECK(params["_meta"]["io.modelcontextprotocol/clientCapabilities"] == json::object());
  CHECK(params["_meta"]["io.modelcontextprotocol/clientInfo"]["name"] == "carillon");
  CHECK(params["_meta"]["traceparent"] == "00-1-2-01");
  json legacy = json::object();
  add_envelope(legacy, Revision::v2025_11_25);
  CHECK(legacy.empty());
}

TEST_CASE("handshake answers are read and nonsense is refused", "[transport][client_protocol]") {
  const auto facts = read_initialize_result(
      {{"protocolVersion", "2025-06-18"}, {"capabilities", {{"tools", {{"listChanged", true}}}}}, {"serverInfo", 7}});
  REQUIRE(facts);
  CHECK(facts->revision == Revision::v2025_06_18);
  CHECK(facts->announces_list_changes());
  for (const json& bad :
       {json(7), json::object(), json{{"protocolVersion", "1999-01-01"}}, json{{"protocolVersion", "2026-07-28"}}})
    CHECK_FALSE(read_initialize_result(bad));
  CHECK(read_discover_result({{"supportedVersions", {"2030-01-01", "2026-07-28"}}}));
  for (const json& bad :
       {json(), json{{"supportedVersions", {"2025-11-25"}}}, json{{"supportedVersions", "2026-07-28"}}})
    CHECK_FALSE(read_discover_result(bad));
}

TEST_CASE("only errors that modern servers alone send prove one", "[transport][client_protocol]") {
  CHECK(proves_modern({{"code", -32020}}, 400));
  CHECK(proves_modern({{"code", -32022}, {"data", {{"supported", {"2026-07-28"}}}}}, 400));
  CHECK_FALSE(proves_modern({{"code", -32022}, {"data", {{"supported", {"2031-01-01"}}}}}, 400));
  CHECK_FALSE(proves_modern({{"code", -32022}, {"data", 7}}, 400));
  CHECK(proves_modern({{"code", -32601}}, 404));
  CHECK_FALSE(proves_modern({{"code", -32601}}, 200));
  CHECK_FALSE(proves_modern({{"code", -32001}}, 400));  // a draft's number
  CHECK_FALSE(proves_modern(json::object(), 400));
}

TEST_CASE("a tool list keeps the order of schemas and drops what is no tool", "[transport][client_protocol]") {
  const auto page = read_tool_page(ordered_json::parse(R"({"nextCursor":"","ttlMs":-5,"tools":[
    {"name":"b","inputSchema":{"type":"object","properties":{"z":{},"a":{}}},"annotations":{"title":"B","idempotentHint":true}},
    {"name":"","inputSchema":{}}, {"name":"c"}, 7,
    {"name":"d","title":"D","inputSchema":{},"outputSchema":{"type":"string"},"annotations":{"readOnlyHint":"yes"}}]})"),
                                   HeaderMarks::ignored);
  REQUIRE(page);
  REQUIRE(page->tools.size() == 2);
  CHECK(page->dropped.size() == 3);
  CHECK(page->tools[0].input_schema.dump() == R"({"type":"object","properties":{"z":{},"a":{}}})");
  CHECK(page->tools[0].title == "B");
  CHECK(page->tools[0].idempotent == true);
  CHECK_FALSE(page->tools[0].read_only);
  CHECK(page->tools[1].output_schema["type"] == "string");
  CHECK_FALSE(page->tools[1].read_only);
  CHECK(page->next_cursor == "");
  CHECK(page->fresh_for == Duration{0});
  CHECK_FALSE(read_tool_page(ordered_json::parse(R"({"tools":{}})"), HeaderMarks::ignored));
}

TEST_CASE("a broken answer still tells whom it was for", "[transport][client_protocol]") {
  CHECK(id_in_broken_answer(R"({"jsonrpc":"2.0","id": 12,"result":{)") == 12);
  CHECK_FALSE(id_in_broken_answer("listening on 12"));
  CHECK_FALSE(id_in_broken_answer(R"({"id":"x"})"));
  CHECK_FALSE(id_in_broken_answer(R"({"id":1,"method":)"));
  CHECK_FALSE(id_in_broken_answer(R"({"id")"));
}
