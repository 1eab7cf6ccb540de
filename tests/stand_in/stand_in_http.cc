// The stand-in over Streamable HTTP: one POST a request, answered as JSON or (--sse) as an event stream.
#include <httplib.h>

#include <cstdio>
#include <set>

#include "tests/stand_in/stand_in.h"

namespace stand_in {
namespace {

class Http {
 public:
  explicit Http(StandIn& server) : server_(server) {
    server_.on_sessions_forgotten([this] {
      const std::lock_guard lock{mutex_};
      sessions_.clear();
    });
    http_.new_task_queue = [] { return new httplib::ThreadPool(64); };
    http_.set_tcp_nodelay(true);
    http_.Post("/mcp", [this](const auto& request, auto& reply) { post(request, reply); });
    const auto no_stream = [](const httplib::Request&, httplib::Response& reply) { reply.status = 405; };
    http_.Get("/mcp", no_stream);
    http_.Delete("/mcp", no_stream);
  }

  int run() {
    int port = server_.options().http_port;
    if (port == 0)
      port = http_.bind_to_any_port("127.0.0.1");
    else if (!http_.bind_to_port("127.0.0.1", port))
      return 1;
    std::printf("%d\n", port);
    std::fflush(stdout);
    return http_.listen_after_bind() ? 0 : 1;
  }

 private:
  void post(const httplib::Request& request, httplib::Response& reply) {
    const std::string& token = server_.options().token;
    if (!token.empty() && request.get_header_value("Authorization") != "Bearer " + token) {
      reply.set_header("WWW-Authenticate", "Bearer resource_metadata=\"/.well-known/oauth-protected-resource\"");
      reply.status = 401;
      return;
    }
    const json message = json::parse(request.body, nullptr, false);
    if (!message.is_object()) return refuse(reply, 400, rpc_error(-32700, "not JSON"), nullptr);
    const std::string method = message.value("method", "");
    const json params = message.value("params", json::object());
    if (!message.contains("id") || method.empty()) {
      if (method.empty()) server_.asking().take(message);
      reply.status = 202;
      return;
    }
    const json& id = message["id"];
    if (is_modern(params) && server_.options().era != "legacy") {
      if (const auto wrong = header_mismatch(request, method, params); !wrong.empty())
        return refuse(reply, 400, rpc_error(-32020, wrong), id);
    } else if (method != "initialize" && !has_session(request)) {
      return refuse(reply, request.has_header("Mcp-Session-Id") ? 404 : 400, rpc_error(-32600, "no session"), id);
    }
    if (StandIn::takes_time(method)) return call(method, id, params, reply);
    json answer = server_.answer(method, params);
    const bool refused = is_error(answer);
    if (method == "initialize" && !refused) reply.set_header("Mcp-Session-Id", new_session());
    if (refused) reply.status = is_modern(params) && server_.options().era != "legacy" ? 404 : 400;
    reply.set_content(response(id, std::move(answer)).dump(), "application/json");
  }

  static void refuse(httplib::Response& reply, int status, json error, const json& id) {
    reply.status = status;
    reply.set_content(response(id, std::move(error)).dump(), "application/json");
  }

  static std::string header_mismatch(const httplib::Request& request, const std::string& method, const json& params) {
    if (request.get_header_value("MCP-Protocol-Version") != kModern)
      return "MCP-Protocol-Version differs from the body";
    if (request.get_header_value("Mcp-Method") != method) return "Mcp-Method differs from the body";
    if (method.rfind("tasks/", 0) == 0 && request.get_header_value("Mcp-Name") != params.value("taskId", ""))
      return "Mcp-Name differs from the body";
    if (method != "tools/call") return "";
    if (request.get_header_value("Mcp-Name") != params.value("name", "")) return "Mcp-Name differs from the body";
    const json arguments = params.value("arguments", json::object());
    if (params.value("name", "") == "region" && arguments.contains("region") &&
        request.get_header_value("Mcp-Param-Region").empty())
      return "Mcp-Param-Region is missing";
    return "";
  }

  bool has_session(const httplib::Request& request) {
    const std::lock_guard lock{mutex_};
    return sessions_.count(request.get_header_value("Mcp-Session-Id")) > 0;
  }
  std::string new_session() {
    const std::lock_guard lock{mutex_};
    return *sessions_.insert("session-" + std::to_string(++made_)).first;
  }

  void call(const std::string& method, const json& id, const json& params, httplib::Response& reply) {
    Call call;
    call.id = id;
    call.params = params;
    call.cancelled = [] { return false; };
    call.ask = [](const std::string&, const json&) { return json{{"error", "only on a stream"}}; };
    const bool waits = params.value("name", "").rfind("hang", 0) == 0 || params.value("name", "") == "wait_for_file";
    if (server_.options().sse || waits) return stream(method, std::move(call), reply);
    std::string body;
    call.send = [&](const json& message) {
      if (message.contains("id")) body = message.dump();
    };
    call.send_raw = [&](std::string bytes) { body += bytes; };
    try {
      server_.carry_out(method, call);
      reply.set_content(body, "application/json");
    } catch (const HttpRefusal& refusal) {
      reply.status = refusal.status;
      if (!refusal.retry_after.empty()) reply.set_header("Retry-After", refusal.retry_after);
    }
  }

  void stream(const std::string& method, Call call, httplib::Response& reply) {
    reply.set_chunked_content_provider("text/event-stream", [this, method, call](std::size_t,
                                                                                 httplib::DataSink& sink) mutable {
      const auto write = [&sink](const std::string& text) { sink.write(text.data(), text.size()); };
      write(": a comment\n\n");
      call.send = [&](const json& message) { write("event: message\ndata: " + message.dump() + "\n\n"); };
      call.send_raw = [&](std::string bytes) { write("data: " + bytes + "\n\n"); };
      call.cancelled = [&] { return !sink.is_writable(); };
      call.ask = [&](const std::string& wish, const json& wishes) { return server_.asking().ask(call, wish, wishes); };
      try {
        server_.carry_out(method, call);
      } catch (const HttpRefusal&) {  // the status is long gone: end the stream without an answer
        server_.journal().write("dropped");
      }
      sink.done();
      return true;
    });
  }

  StandIn& server_;
  httplib::Server http_;
  std::mutex mutex_;
  std::set<std::string> sessions_;
  int made_ = 0;
};

}  // namespace

int serve_http(StandIn& server) { return Http{server}.run(); }

}  // namespace stand_in
