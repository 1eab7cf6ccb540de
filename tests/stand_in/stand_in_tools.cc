// The stand-in's tools: one row each, with what its annotations claim.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/stand_in/stand_in.h"

namespace stand_in {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

struct Step {
  StandIn& server;
  const Call& call;
  const json& arguments;
  void finish(json result) const { call.send(response(call.id, std::move(result))); }
};

struct Row {
  const char* name;
  const char* summary;
  const char* properties;   // of the input schema
  const char* annotations;  // as claimed
  void (*run)(const Step&);
};

// Waits until `done` or the call is cancelled; false: cancelled.
bool wait_until(const Call& call, const std::function<bool()>& done) {
  while (!done()) {
    if (call.cancelled()) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

void echo(const Step& step) { step.finish(text_result("Echo: " + step.arguments.value("message", ""))); }

void add(const Step& step) {
  const double sum = step.arguments.value("a", 0.0) + step.arguments.value("b", 0.0);
  json result = text_result(json{{"sum", sum}}.dump());
  result["structuredContent"] = {{"sum", sum}};
  step.finish(std::move(result));
}

void hang(const Step& step) {
  wait_until(step.call, [] { return false; });
}

void sleep_a_while(const Step& step) {
  const auto until = std::chrono::steady_clock::now() + milliseconds{step.arguments.value("ms", 0)};
  if (wait_until(step.call, [&] { return std::chrono::steady_clock::now() >= until; }))
    step.finish(text_result("slept"));
}

void wait_for_file(const Step& step) {
  const std::string path = step.arguments.value("path", "");
  if (wait_until(step.call, [&] { return std::filesystem::exists(path); })) step.finish(text_result("it is there"));
}

void die(const Step& step) { ::_exit(step.arguments.value("status", 1)); }

void flood(const Step& step) {
  const auto bytes = step.arguments.value("bytes", std::size_t{1000});
  const std::string line(99, 'e');
  for (std::size_t sent = 0; sent < bytes; sent += 100) std::fprintf(stderr, "%s\n", line.c_str());
  std::fprintf(stderr, "last words\n");
  std::fflush(stderr);
  step.finish(text_result("flooded"));
}

void garbage(const Step& step) {
  const std::string kind = step.arguments.value("kind", "text");
  if (kind == "text") step.call.send_raw("this is no JSON at all\n");
  if (kind == "half") step.call.send_raw("{\"jsonrpc\":\"2.0\",\"id\":" + step.call.id.dump() + ",\"result\":{\n");
  if (kind == "shape") step.call.send({{"jsonrpc", "2.0"}, {"id", step.call.id}, {"result", 7}, {"error", 8}});
  if (kind == "result") step.call.send({{"jsonrpc", "2.0"}, {"id", step.call.id}, {"result", "no object"}});
  if (kind == "deep") step.call.send_raw(std::string(100000, '[') + "\n");
  if (kind == "other") step.call.send({{"jsonrpc", "2.0"}, {"id", "nobody-asked"}, {"result", json::object()}});
  if (kind == "endless") {
    while (!step.call.cancelled()) step.call.send_raw(std::string(4095, '#') + "\n");
  }
}

void fail(const Step& step) {
  json result = text_result(step.arguments.value("message", "it failed"));
  result["isError"] = true;
  step.finish(std::move(result));
}

// As long as the file is not there the server says that it is asked too often.
void limited_until_file(const Step& step) {
  if (!std::filesystem::exists(step.arguments.value("path", ""))) throw HttpRefusal{429, "0"};
  step.finish(text_result("it is there"));
}

void fail_protocol(const Step& step) { step.finish(rpc_error(step.arguments.value("code", -32603), "as you wished")); }

void change_tools(const Step& step) {
  step.server.add_extra_tool();
  step.finish(text_result("there is one more tool now"));
}

void progress(const Step& step) {
  const int steps = step.arguments.value("steps", 3);
  const json meta = step.call.params.value("_meta", json::object());
  for (int i = 1; i <= steps && meta.contains("progressToken"); ++i)
    step.call.send({{"jsonrpc", "2.0"},
                    {"method", "notifications/progress"},
                    {"params",
                     {{"progressToken", meta["progressToken"]},
                      {"progress", i},
                      {"total", steps},
                      {"message", "step " + std::to_string(i)}}}});
  const std::string path = step.arguments.value("path", "");
  if (!path.empty() && !wait_until(step.call, [&] { return std::filesystem::exists(path); })) return;
  step.finish(text_result("done"));
}

void ask(const Step& step) {
  const std::string method = step.arguments.value("method", "ping");
  const json answer = step.call.ask(method, json::object());
  step.finish(text_result(answer.dump()));
}

// Asks, takes the question back and never answers.
void withdraw_question(const Step& step, const std::string& method, const json& params) {
  step.call.send({{"jsonrpc", "2.0"}, {"id", "withdrawn"}, {"method", method}, {"params", params}});
  step.call.send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "withdrawn"}}}});
  wait_until(step.call, [] { return false; });
}

// Puts a question to whoever called, in the way of the client's era, and tells the answer.
void elicit(const Step& step) {
  constexpr const char* kState = "{ \"the state\" }";
  const std::string method = step.arguments.value("method", "elicitation/create");
  const json params = step.arguments.value("params", json::object());
  const json offered = step.server.offered_by(step.call.params);
  if (!offered.contains(method.substr(0, method.find('/')))) return step.finish(text_result("nobody can be asked"));
  if (step.arguments.value("withdraw", false)) return withdraw_question(step, method, params);
  if (!is_modern(step.call.params)) {
    const json answer = step.call.ask(method, params);
    if (step.call.cancelled()) return;
    return step.finish(text_result(answer.value("result", answer).dump()));
  }
  if (!step.call.params.contains("inputResponses"))
    return step.finish({{"resultType", "input_required"},
                        {"requestState", kState},
                        {"inputRequests", {{"the question", {{"method", method}, {"params", params}}}}}});
  if (step.call.params.value("requestState", "") != kState) return step.finish(rpc_error(-32602, "another state"));
  step.finish(text_result(step.call.params["inputResponses"].value("the question", json()).dump()));
}

void tell_offer(const Step& step) { step.finish(text_result(step.server.offered_by(step.call.params).dump())); }

void job(const Step& step) { step.finish(step.server.tasks().make(step.call.params, step.arguments)); }

void environment(const Step& step) {
  const char* value = std::getenv(step.arguments.value("name", "").c_str());
  step.finish(text_result(value ? value : "(unset)"));
}

void directory(const Step& step) { step.finish(text_result(std::filesystem::current_path().string())); }
void process_id(const Step& step) { step.finish(text_result(std::to_string(::getpid()))); }
void big(const Step& step) {
  step.finish(text_result(std::string(step.arguments.value("bytes", std::size_t{1000}), 'b')));
}
void wrong_output(const Step& step) {
  json result = text_result("{}");
  result["structuredContent"] = {{"sum", "not a number"}};
  step.finish(std::move(result));
}

void ask_for_input(const Step& step) {
  if (step.call.params.value("requestState", "") == "second round") return step.finish(text_result("thank you"));
  step.finish({{"resultType", "input_required"}, {"requestState", "second round"}});
}

void unknown_kind(const Step& step) { step.finish({{"resultType", "surprise"}}); }

void http_status(const Step& step) {
  throw HttpRefusal{step.arguments.value("status", 500), step.arguments.value("retry_after", "")};
}
void forget_sessions(const Step& step) {
  step.server.forget_sessions();
  step.finish(text_result("forgotten"));
}
void extra(const Step& step) { step.finish(text_result("extra")); }

constexpr const char* kRead = R"({"readOnlyHint":true})";
constexpr const char* kIdempotent = R"({"readOnlyHint":false,"idempotentHint":true})";
constexpr const char* kWrites = "{}";

constexpr Row kRows[] = {
    {"echo", "Say the message back", R"({"message":{"type":"string"}})", kRead, echo},
    {"add", "Add two numbers", R"({"a":{"type":"number"},"b":{"type":"number"}})", kRead, add},
    {"record", "Write to the journal; once is once", R"({"message":{"type":"string"}})", kWrites, echo},
    {"record_again", "Write to the journal; twice is as good as once", R"({"message":{"type":"string"}})", kIdempotent,
     echo},
    {"hang", "Never answer", "{}", kWrites, hang},
    {"hang_reading", "Never answer, but change nothing", "{}", kRead, hang},
    {"sleep", "Answer later", R"({"ms":{"type":"integer"}})", kRead, sleep_a_while},
    {"wait_for_file", "Answer when the file exists", R"({"path":{"type":"string"}})", kWrites, wait_for_file},
    {"die", "End the process in the middle of the call", R"({"status":{"type":"integer"}})", kWrites, die},
    {"die_reading", "The same, said to change nothing", R"({"status":{"type":"integer"}})", kRead, die},
    {"flood", "Write much to stderr", R"({"bytes":{"type":"integer"}})", kRead, flood},
    {"garbage", "Answer nonsense", R"({"kind":{"enum":["text","half","shape","result","deep","other","endless"]}})",
     kRead, garbage},
    {"fail", "Answer with isError", R"({"message":{"type":"string"}})", kWrites, fail},
    {"limited_until_file", "Answer when the file exists, and 429 before", R"({"path":{"type":"string"}})", kWrites,
     limited_until_file},
    {"fail_protocol", "Answer with a JSON-RPC error", R"({"code":{"type":"integer"}})", kWrites, fail_protocol},
    {"change_tools", "Add a tool and say that the list changed", "{}", kIdempotent, change_tools},
    {"progress", "Report progress, and go on when the file exists",
     R"({"steps":{"type":"integer"},"path":{"type":"string"}})", kRead, progress},
    {"ask", "Ask the client something and tell its answer", R"({"method":{"type":"string"}})", kRead, ask},
    {"elicit", "Ask whoever calls",
     R"({"method":{"type":"string"},"params":{"type":"object"},"withdraw":{"type":"boolean"}})", kWrites, elicit},
    {"offer", "Tell what the client offers", "{}", kRead, tell_offer},
    {"job", "Answer as a task", R"({"path":{},"ask":{},"status":{},"poll":{},"error":{},"forgotten":{},"more":{}})",
     kWrites, job},
    {"environment", "Tell a variable", R"({"name":{"type":"string"}})", kRead, environment},
    {"directory", "Tell the working directory", "{}", kRead, directory},
    {"process_id", "Tell the process id", "{}", kRead, process_id},
    {"big", "Answer with a long text", R"({"bytes":{"type":"integer"}})", kRead, big},
    {"wrong_output", "Answer against the own output schema", "{}", kRead, wrong_output},
    {"ask_for_input", "Want another round", "{}", kRead, ask_for_input},
    {"unknown_kind", "Answer with an unknown kind of result", "{}", kRead, unknown_kind},
    {"http_status", "Answer with an HTTP status", R"({"status":{"type":"integer"},"retry_after":{"type":"string"}})",
     kWrites, http_status},
    {"forget_sessions", "End all HTTP sessions", "{}", kIdempotent, forget_sessions},
    {"region", "Carry an argument in a header", R"({"region":{"type":"string","x-mcp-header":"Region"}})", kRead, echo},
    {"bad_header", "Has an annotation that no client may accept",
     R"({"region":{"type":"object","x-mcp-header":"Region"}})", kRead, echo},
    {"extra", "Appears when the list changes", "{}", kRead, extra},
};

json describe(const Row& row) {
  json tool{{"name", row.name},
            {"description", row.summary},
            {"inputSchema",
             {{"type", "object"}, {"properties", json::parse(row.properties)}, {"additionalProperties", false}}},
            {"annotations", json::parse(row.annotations)}};
  const std::string name = row.name;
  if (name == "job") tool["execution"] = {{"taskSupport", "required"}};
  if (name == "echo") tool["inputSchema"]["required"] = {"message"};
  if (name == "add" || name == "wrong_output")
    tool["outputSchema"] = {{"type", "object"}, {"properties", {{"sum", {{"type", "number"}}}}}, {"required", {"sum"}}};
  return tool;
}

}  // namespace

json tool_list(bool with_extra, bool with_header) {
  json tools = json::array();
  for (const Row& row : kRows) {
    if (!with_extra && std::string{"extra"} == row.name) continue;
    tools.push_back(describe(row));
    if (!with_header && std::string{"region"} == row.name)
      tools.back()["inputSchema"]["properties"]["region"].erase("x-mcp-header");
  }
  return tools;
}

void run_tool(StandIn& server, const Call& call, const std::string& name, const json& arguments) {
  for (const Row& row : kRows)
    if (name == row.name) return row.run({server, call, arguments});
  call.send(response(call.id, rpc_error(-32602, "unknown tool " + name)));
}

}  // namespace stand_in
