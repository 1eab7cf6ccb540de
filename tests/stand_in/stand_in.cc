#include "tests/stand_in/stand_in.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace stand_in {
namespace {

json server_info() { return {{"name", "stand-in"}, {"version", "1.0"}}; }
json capabilities() { return {{"tools", {{"listChanged", true}}}}; }

constexpr const char* kError =
    "\x01"
    "error";
constexpr const char* kTasksExtension = "io.modelcontextprotocol/tasks";

}  // namespace

void Journal::write(const std::string& event, json members) {
  if (path_.empty()) return;
  members["event"] = event;
  members["pid"] = ::getpid();
  const std::string line = members.dump() + "\n";
  const std::lock_guard lock{mutex_};
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
  ::close(fd);
}

bool is_modern(const json& params) {
  return params.is_object() && params.contains("_meta") &&
         params["_meta"].contains("io.modelcontextprotocol/protocolVersion");
}

json text_result(const std::string& text) { return {{"content", {{{"type", "text"}, {"text", text}}}}}; }

json rpc_error(int code, const std::string& message, json data) {
  json error{{"code", code}, {"message", message}};
  if (!data.is_null()) error["data"] = std::move(data);
  return {{kError, std::move(error)}};
}

bool is_error(const json& answer) { return answer.contains(kError); }

json response(const json& id, json answer) {
  json message{{"jsonrpc", "2.0"}, {"id", id}};
  if (is_error(answer))
    message["error"] = answer[kError];
  else
    message["result"] = std::move(answer);
  return message;
}

json Asking::ask(const Call& call, const std::string& method, const json& params) {
  std::string id;
  {
    const std::lock_guard lock{mutex_};
    id = "ask-" + std::to_string(++asked_);
  }
  call.send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
  for (;;) {
    {
      const std::lock_guard lock{mutex_};
      if (const auto found = answers_.find(id); found != answers_.end()) return found->second;
    }
    if (call.cancelled()) return {{"error", "cancelled"}};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void Asking::take(const json& message) {
  const std::lock_guard lock{mutex_};
  answers_[message.value("id", "")] = message;
}

json StandIn::discover() {
  journal_.write("discover");
  json offered = capabilities();
  offered["extensions"] = {{kTasksExtension, json::object()}};
  return {{"resultType", "complete"}, {"supportedVersions", {kModern}},
          {"capabilities", offered},  {"ttlMs", 0},
          {"cacheScope", "private"},  {"_meta", {{"io.modelcontextprotocol/serverInfo", server_info()}}}};
}

json StandIn::initialize(const json& params) {
  journal_.write("initialize");
  {
    const std::lock_guard lock{mutex_};
    offered_ = params.value("capabilities", json::object());
  }
  json offered = capabilities();
  offered["tasks"] = {{"cancel", json::object()}, {"requests", {{"tools", {{"call", json::object()}}}}}};
  const std::string wanted = params.value("protocolVersion", "");
  const bool known = wanted == "2025-11-25" || wanted == "2025-06-18" || wanted == "2025-03-26";
  return {{"protocolVersion", known ? wanted : "2025-11-25"}, {"capabilities", offered}, {"serverInfo", server_info()}};
}

json StandIn::offered_by(const json& params) {
  if (is_modern(params)) return params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
  const std::lock_guard lock{mutex_};
  return offered_;
}

json StandIn::list_tools(const json& params) {
  journal_.write("list");
  const json all = tool_list(extra_, !options_.late_header || listings_++ > 0);
  const std::size_t from = params.contains("cursor") ? std::stoul(params.value("cursor", "0")) : 0;
  const std::size_t to = std::min(all.size(), from + options_.page_size);
  json page = json::array();
  for (std::size_t i = from; i < to; ++i) page.push_back(all[i]);
  json result{{"tools", page}};
  if (to < all.size()) result["nextCursor"] = std::to_string(to);
  if (is_modern(params)) {
    result["resultType"] = "complete";
    result["ttlMs"] = options_.ttl_ms;
    result["cacheScope"] = "private";
  }
  return result;
}

json StandIn::answer(const std::string& method, const json& params) {
  const bool modern = is_modern(params);
  if (modern && options_.era == "legacy") return rpc_error(-32601, "no such method: " + method);
  if (!modern && options_.era == "modern") return rpc_error(-32602, "this server speaks " + std::string{kModern});
  if (modern && params["_meta"]["io.modelcontextprotocol/protocolVersion"] != kModern)
    return rpc_error(-32022, "unsupported version", {{"supported", {kModern}}});
  if (modern && !params["_meta"].contains("io.modelcontextprotocol/clientCapabilities"))
    return rpc_error(-32602, "_meta lacks the client's capabilities");
  if (method == "server/discover" && modern) return discover();
  if (method == "initialize" && !modern) return initialize(params);
  if (method == "ping" && !modern) return json::object();
  if (method == "tools/list") return list_tools(params);
  if (method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel")
    return tasks_.answer(method, params);
  return rpc_error(-32601, "no such method: " + method);
}

void StandIn::carry_out(const std::string& method, const Call& call) {
  if (method == "tasks/result") return tasks_.tell_result(call);
  const std::string name = call.params.value("name", "");
  const json arguments = call.params.value("arguments", json::object());
  const json meta = call.params.value("_meta", json::object());
  const json facts{{"tool", name},
                   {"arguments", arguments},
                   {"key", meta.value("io.carillon/idempotencyKey", "")},
                   {"traceparent", meta.value("traceparent", "")}};
  journal_.write("call", facts);
  run_tool(*this, call, name, arguments);
  journal_.write(call.cancelled() ? "cancelled" : "done", facts);
}

void StandIn::add_extra_tool() {
  extra_ = true;
  if (tell_list_changed_) tell_list_changed_();
}

}  // namespace stand_in

int main(int argc, char** argv) {
  stand_in::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const auto value = [&] { return std::string{++i < argc ? argv[i] : ""}; };
    if (flag == "--era") options.era = value();
    if (flag == "--journal") options.journal = value();
    if (flag == "--page-size") options.page_size = std::stoul(value());
    if (flag == "--ttl") options.ttl_ms = std::stoi(value());
    if (flag == "--slow-start") options.slow_start_ms = std::stoi(value());
    if (flag == "--mute") options.mute = true;
    if (flag == "--die-on-probe") options.die_on_probe = true;
    if (flag == "--noise") options.noise = true;
    if (flag == "--stderr") std::fprintf(stderr, "%s\n", value().c_str());
    if (flag == "--sse") options.sse = true;
    if (flag == "--token") options.token = value();
    if (flag == "--tasks") options.tasks = value();
    if (flag == "--late-header") options.late_header = true;
    if (flag == "--http") options.http_port = std::stoi(value());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds{options.slow_start_ms});
  stand_in::Journal journal{options.journal};
  journal.write("start");
  stand_in::StandIn server{options, journal};
  return options.http_port >= 0 ? stand_in::serve_http(server) : stand_in::serve_stdio(server);
}
