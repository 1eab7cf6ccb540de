#include "transport/http_endpoint.h"

#include "tests/transport/http_fixture.h"

namespace carillon::transport {
namespace {

using namespace fixture;

TEST_CASE("a modern call is one request and one answer", "[transport][http_endpoint]") {
  Web web;
  auto client = web.client();
  for (int id = 0; id < 3; ++id) {
    client.send(modern_post(modern_call(id, "echo", {{"a", id}})));
    const auto reply = client.read_reply();
    CHECK(reply.status == 200);
    CHECK(reply.header("Content-Type") == "application/json");
    CHECK(reply.header("Mcp-Session-Id").empty());
    CHECK(json::parse(reply.body)["result"]["structuredContent"] == json{{"a", id}});
  }
  CHECK(web.endpoint.sessions() == 0);
}

TEST_CASE("a modern call with progress is a stream that ends with the answer", "[transport][http_endpoint]") {
  Web web;
  auto call = modern_call(1, "steps");
  call["params"]["_meta"]["progressToken"] = "p";
  auto client = web.client();
  client.send(modern_post(call));
  const auto head = client.read_head();
  CHECK(head.header("Content-Type") == "text/event-stream");
  CHECK(head.header("X-Accel-Buffering") == "no");
  CHECK(client.read_event()["params"]["progress"] == 1.0);
  CHECK(client.read_event()["params"]["progress"] == 2.0);
  CHECK(client.read_event()["result"]["resultType"] == "complete");
  CHECK(client.read_event().is_null());
}

TEST_CASE("a header's value arrives as it was sent and percent signs mean nothing in it",
          "[transport][http_endpoint]") {
  Web web;
  for (const char* name : {"a%20b%2Fc", "100%25", "50%", "%zz", "%u0041", "a+b"}) {
    INFO(name);
    const auto call = modern_call(1, name);  // there is no such tool; that is found out after the headers
    auto headers = modern_headers(call);
    const auto answer = [&] { return json::parse(web.ask(request_text("POST /mcp", headers, call.dump())).body); };
    CHECK(answer()["error"]["code"] == -32602);
    for (auto& header : headers)
      if (header.first == "Mcp-Name") header.second = "a b/c";
    CHECK(answer()["error"]["code"] == -32020);
  }
}

TEST_CASE("errors of the modern era have their status", "[transport][http_endpoint]") {
  Web web;
  const auto post = [&](const json& request, const HeaderList& headers) {
    const auto reply = web.ask(request_text("POST /mcp", headers, request.dump()));
    return std::pair{reply.status, json::parse(reply.body)["error"]["code"].get<int>()};
  };
  const auto without = [](const json& request, const std::string& name) {
    auto headers = modern_headers(request);
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    return headers;
  };
  const auto with = [&](const json& request, const std::string& name, const std::string& value) {
    auto headers = without(request, name);
    headers.emplace_back(name, value);
    return headers;
  };
  const auto call = modern_call(1, "echo");
  const auto unknown = modern_request(1, "no/such");
  CHECK(post(unknown, modern_headers(unknown)) == std::pair{404, -32601});
  CHECK(post(call, without(call, "Mcp-Method")) == std::pair{400, -32020});
  CHECK(post(call, without(call, "Mcp-Name")) == std::pair{400, -32020});
  CHECK(post(call, with(call, "Mcp-Name", "Echo")) == std::pair{400, -32020});
  CHECK(post(call, with(call, "Mcp-Method", "tools/list")) == std::pair{400, -32020});
  CHECK(post(call, without(call, "MCP-Protocol-Version")) == std::pair{400, -32020});
  CHECK(post(call, with(call, "MCP-Protocol-Version", "2025-11-25")) == std::pair{400, -32020});
  auto bare = call;
  bare["params"].erase("_meta");
  CHECK(post(bare, modern_headers(bare)) == std::pair{400, -32602});
  auto future = call;
  future["params"]["_meta"][meta_key::kProtocolVersion] = "v999";
  CHECK(post(future, with(future, "MCP-Protocol-Version", "v999")) == std::pair{400, -32022});
  const auto missing = modern_call(1, "nothing");
  CHECK(post(missing, modern_headers(missing)) == std::pair{200, -32602});
}

TEST_CASE("headers that mirror arguments must say the same", "[transport][http_endpoint]") {
  Web web;
  const auto call = modern_call(1, "region", {{"region", "Zürich"}});
  const auto post = [&](const json& request, const std::string& region) {
    auto headers = modern_headers(request);
    if (!region.empty()) headers.emplace_back("mcp-param-region", region);
    return web.ask(request_text("POST /mcp", headers, request.dump())).status;
  };
  CHECK(post(call, "=?base64?WsO8cmljaA==?=") == 200);
  CHECK(post(call, "=?base64?WsO8cmljaA?=") == 400);
  CHECK(post(call, "Zug") == 400);
  CHECK(post(call, "") == 400);
  CHECK(post(modern_call(1, "region"), "Zug") == 400);
  CHECK(post(modern_call(1, "region"), "") == 200);
}

TEST_CASE("a header that came twice is not the one that was wanted", "[transport][http_endpoint]") {
  Web web;
  const auto call = modern_call(1, "region", {{"region", "Zug"}});
  const auto twice = GENERATE(as<std::pair<std::string, std::string>>{}, std::pair{"Mcp-Method", "tools/call"},
                              std::pair{"mcp-name", "region"}, std::pair{"MCP-Protocol-Version", "2026-07-28"},
                              std::pair{"Mcp-Param-Region", "Zug"});
  CAPTURE(twice.first);
  auto headers = modern_headers(call);
  headers.emplace_back("Mcp-Param-Region", "Zug");
  CHECK(web.ask(request_text("POST /mcp", headers, call.dump())).status == 200);
  headers.emplace_back(twice);
  const auto refused = web.ask(request_text("POST /mcp", headers, call.dump()));
  CHECK(refused.status == 400);
  CHECK(json::parse(refused.body)["error"]["code"] == rpc_code::kHeaderMismatch);
}

TEST_CASE("only JSON is taken for JSON", "[transport][http_endpoint]") {
  Web web;
  const auto [type, status] = GENERATE(table<std::string, int>({
      {"application/json", 200},
      {"Application/JSON; charset=utf-8", 200},
      {"application/json ;charset=utf-8", 200},
      {"application/jsonp", 415},
      {"text/plain, application/json", 415},
      {"text/plain;application/json", 415},
      {"", 415},
  }));
  CAPTURE(type);
  auto headers = modern_headers(modern_call(1, "fail"));
  headers[0].second = type;
  CHECK(web.ask(request_text("POST /mcp", headers, modern_call(1, "fail").dump())).status == status);
}

TEST_CASE("listeners of both eras leave room for calls", "[transport][http_endpoint]") {
  EndpointOptions options;
  options.streams_max = 2;
  Web web{{}, {}, options};
  const std::string listen =
      modern_post(modern_request("L", "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
  auto session = web.open_session("2025-06-18");
  session.emplace_back("Accept", "text/event-stream");
  auto modern = web.client();
  auto old = web.client();
  modern.send(listen);
  CHECK(modern.read_head().status == 200);
  CHECK(modern.read_event()["method"] == "notifications/subscriptions/acknowledged");
  old.send(request_text("GET /mcp", session));
  CHECK(old.read_head().status == 200);
  CHECK(web.endpoint.streams() == 2);
  CHECK(web.ask(listen).status == 503);
  CHECK(web.ask(request_text("GET /mcp", session)).status == 503);
  CHECK(web.ask(modern_post(modern_call(1, "fail"))).status == 200);
  // Whoever goes makes room, and so does the server when it ends a stream.
  modern.hang_up();
  auto next = web.client();
  Reply reply;
  do {
    next = web.client();
    next.send(listen);
    reply = next.read_head();
  } while (reply.status == 503);  // until the server has seen it go
  CHECK(reply.status == 200);
  web.ask(request_text("DELETE /mcp", session));
  CHECK(web.endpoint.streams() == 1);
}

TEST_CASE("what would last longer than its request needs a session", "[transport][http_endpoint]") {
  Web web;
  const auto request = GENERATE(legacy(1, "resources/subscribe", {{"uri", "test://a"}}),
                                legacy(1, "logging/setLevel", {{"level", "debug"}}));
  CHECK(json::parse(web.ask(legacy_post(request)).body)["error"]["code"] == rpc_code::kInvalidRequest);
  CHECK(json::parse(web.ask(legacy_post(request, web.open_session("2025-06-18"))).body)["result"] == json::object());
}

TEST_CASE("a modern client that hangs up has cancelled", "[transport][http_endpoint]") {
  Web web;
  auto client = web.client();
  client.send(modern_post(modern_call(1, "park")));
  REQUIRE(web.tools.parking.wait_parked(1));
  client.hang_up();
  CHECK(web.tools.parking.wait_cancelled(1));
  web.tools.parking.answer_all({});
}

TEST_CASE("a modern listener gets changes until it hangs up", "[transport][http_endpoint]") {
  Web web;
  const auto listen = modern_request("L", "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}});
  auto client = web.client();
  client.send(modern_post(listen));
  client.read_head();
  CHECK(client.read_event()["method"] == "notifications/subscriptions/acknowledged");
  web.mcp.tools_changed();
  CHECK(client.read_event()["method"] == "notifications/tools/list_changed");
  web.mcp.stop();
  CHECK(client.read_event()["result"]["resultType"] == "complete");
}

TEST_CASE("bodies that are no message get a JSON-RPC error and 400", "[transport][http_endpoint]") {
  Web web;
  const auto [body, code] = GENERATE(table<std::string, int>({{"{", -32700}, {"[]", -32600}, {"7", -32600}}));
  const auto reply = web.ask(request_text("POST /mcp", {{"Content-Type", "application/json"}}, body));
  CHECK(reply.status == 400);
  CHECK(json::parse(reply.body)["error"]["code"] == code);
  CHECK(web.ask(request_text("POST /mcp", {{"Content-Type", "text/plain"}}, "{}")).status == 415);
  CHECK(web.ask(request_text("POST /mcp", {{"Content-Type", "application/json"}, {"Accept", "text/html"}}, "{}"))
            .status == 406);
}

TEST_CASE("a legacy session lives from initialize to DELETE", "[transport][http_endpoint]") {
  Web web;
  const auto session = web.open_session("2025-06-18");
  CHECK(web.endpoint.sessions() == 1);
  CHECK(web.ask(legacy_post({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}, session)).status == 202);
  const auto listed = web.ask(legacy_post(legacy(1, "tools/list"), session));
  CHECK(json::parse(listed.body)["result"]["tools"].size() == 8);
  auto unknown = session;
  unknown[0].second = "unknown";
  CHECK(web.ask(legacy_post(legacy(2, "ping"), unknown)).status == 404);
  auto wrong_version = session;
  wrong_version[1].second = "1999-01-01";
  CHECK(web.ask(legacy_post(legacy(3, "ping"), wrong_version)).status == 400);
  CHECK(web.ask(request_text("DELETE /mcp", session)).status == 200);
  CHECK(web.ask(legacy_post(legacy(4, "ping"), session)).status == 404);
  CHECK(web.ask(request_text("DELETE /mcp", {})).status == 405);
}

TEST_CASE("a session belongs to the principal that opened it", "[transport][http_endpoint]") {
  Web web;
  const auto session = web.open_session("2025-06-18");
  CHECK(web.ask(as_bob(legacy_post(legacy(1, "ping"), session))).status == 404);
}

TEST_CASE("legacy requests without a session are served", "[transport][http_endpoint]") {
  Web web;
  CHECK(json::parse(web.ask(legacy_post(legacy(1, "tools/list"))).body)["result"]["tools"].size() == 8);
  const json batch = json::array({legacy(1, "ping"), legacy(2, "ping")});
  CHECK(json::parse(web.ask(legacy_post(batch)).body).size() == 2);
  CHECK(web.ask(legacy_post(json::array({{{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}}))).status ==
        202);
  CHECK(web.ask(legacy_post(batch, {{"MCP-Protocol-Version", "2025-11-25"}})).status == 400);
}

TEST_CASE("a legacy client that hangs up has not cancelled", "[transport][http_endpoint]") {
  Web web;
  const auto session = web.open_session("2025-06-18");
  auto client = web.client();
  client.send(legacy_post(legacy(1, "tools/call", {{"name", "park"}}), session));
  REQUIRE(web.tools.parking.wait_parked(1));
  client.hang_up();
  CHECK(web.ask(legacy_post(legacy(2, "ping"), session)).status == 200);
  const json cancel{{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}};
  CHECK(web.ask(legacy_post(cancel, session)).status == 202);
  CHECK(web.tools.parking.wait_cancelled(1));
}

TEST_CASE("a legacy push stream carries what belongs to no request", "[transport][http_endpoint]") {
  Web web;
  const auto session = web.open_session("2025-06-18");
  CHECK(web.ask(request_text("GET /mcp", {{"Accept", "text/event-stream"}})).status == 405);
  auto client = web.client();
  auto headers = session;
  headers.emplace_back("Accept", "text/event-stream");
  client.send(request_text("GET /mcp", headers));
  CHECK(client.read_head().status == 200);
  web.mcp.tools_changed();
  CHECK(client.read_event()["method"] == "notifications/tools/list_changed");
  const std::string seen = client.last_event_id;
  client.hang_up();
  web.mcp.resources_changed();
  headers.emplace_back("Last-Event-ID", seen);
  auto back = web.client();
  back.send(request_text("GET /mcp", headers));
  CHECK(back.read_head().status == 200);
  CHECK(back.read_event()["method"] == "notifications/resources/list_changed");
}

TEST_CASE("a legacy tool asks its client on the stream of the call", "[transport][http_endpoint]") {
  Web web;
  const auto session = web.open_session("2025-06-18", {{"elicitation", json::object()}});
  auto client = web.client();
  client.send(legacy_post(legacy(1, "tools/call", {{"name", "ask"}}), session));
  client.read_head();
  const json question = client.read_event();
  CHECK(question["method"] == "elicitation/create");
  const json answer{
      {"jsonrpc", "2.0"}, {"id", question["id"]}, {"result", {{"action", "accept"}, {"content", {{"name", "Ada"}}}}}};
  CHECK(web.ask(legacy_post(answer, session)).status == 202);
  CHECK(client.read_event()["result"]["content"][0]["text"] == "Hello, Ada, asked 1");
}

TEST_CASE("a stream that was dropped is resumed where it ended", "[transport][http_endpoint]") {
  Web web;
  const auto session = web.open_session("2025-11-25");
  auto client = web.client();
  client.send(legacy_post(legacy(1, "tools/call", {{"name", "park"}}), session));
  REQUIRE(web.tools.parking.wait_parked(1));
  web.tools.last_context.channel->drop_stream(std::chrono::milliseconds{7});
  client.read_head();
  CHECK(client.read_event().is_null());
  CHECK(client.retry == "7");
  REQUIRE_FALSE(client.last_event_id.empty());
  web.tools.parking.answer_all(Answer{json::array({text_block("late")})});
  auto back = web.client();
  auto headers = session;
  headers.emplace_back("Accept", "text/event-stream");
  headers.emplace_back("Last-Event-ID", client.last_event_id);
  back.send(request_text("GET /mcp", headers));
  back.read_head();
  CHECK(back.read_event()["result"]["content"][0]["text"] == "late");
  CHECK(back.read_event().is_null());
  headers.back().second = "99-1";
  CHECK(web.ask(request_text("GET /mcp", headers)).status == 400);
}

}  // namespace
}  // namespace carillon::transport
