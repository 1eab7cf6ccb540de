// The stand-in: a small MCP server that speaks the real protocol in both eras and misbehaves on demand.
//
//   stand_in_server [--era both|legacy|modern] [--journal FILE] [--page-size N] [--ttl MS] [--slow-start MS] [--mute]
//                   [--die-on-probe] [--noise] [--stderr TEXT] [--tasks FILE] [--late-header]
//                   [--http PORT [--sse] [--token TOKEN]]
//
// --journal appends a JSON line for each thing that happened: {"event":"start"|"initialize"|"discover"|"list"|"call"|
// "done"|"cancelled"|"subscribed"|"tasks/get"|…, "pid", "tool", "key" (the idempotency key), "traceparent",
// "arguments", "ms"}. --tasks keeps what the tool `job` makes beyond the process; --late-header marks the header of the
// tool `region` from the second listing on, although it is wanted from the first call on.
// --mute answers nothing; --die-on-probe exits on a first message that is not initialize; --noise prints lines that are
// not JSON between the answers. With --http the first stdout line is the port it listens on (0 picks one), path /mcp.
//
// Tools are in stand_in_tools.cc. Calls run on a thread each, so that a hanging one disturbs no other.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace stand_in {

using json = nlohmann::json;

struct Options {
  std::string era = "both";
  std::string journal;
  std::size_t page_size = 1000;
  int ttl_ms = 0;
  int slow_start_ms = 0;
  bool mute = false;
  bool die_on_probe = false;
  bool noise = false;
  bool sse = false;
  int http_port = -1;
  std::string token;
  std::string tasks;
  bool late_header = false;
};

// One call under way: the way back, and whether the caller has taken it back.
struct Call {
  json id;
  json params;
  std::function<void(const json&)> send;      // any message to the client
  std::function<void(std::string)> send_raw;  // bytes that need not be a message
  std::function<bool()> cancelled;
  // A request to the legacy client, and its answer: {"result": …} or {"error": …}.
  std::function<json(const std::string& method, const json& params)> ask;
};

// What happened outside of JSON-RPC: the HTTP side turns it into a status.
struct HttpRefusal {
  int status;
  std::string retry_after;
};

class Journal {
 public:
  explicit Journal(std::string path) : path_(std::move(path)) {}
  void write(const std::string& event, json members = json::object());

 private:
  std::string path_;
  std::mutex mutex_;
};

// Our own requests to a legacy client, which wait for their answers, whichever way those come.
class Asking {
 public:
  json ask(const Call& call, const std::string& method, const json& params);
  void take(const json& message);

 private:
  std::mutex mutex_;
  std::map<std::string, json> answers_;
  int asked_ = 0;
};

// What the tool `job` makes: a task that ends when the file `path` is there and `ask` is answered. `status`: what it
// says meanwhile; `poll`: how often it wants to be looked at, in ms; `error`: it fails with this JSON-RPC error;
// `forgotten`: nobody knows it afterwards.
class Tasks {
 public:
  Tasks(std::string file, Journal& journal);
  // The answer to the call that it was made of, in the form of the caller's era.
  json make(const json& params, const json& arguments);
  // tasks/get, tasks/update and tasks/cancel.
  json answer(const std::string& method, const json& params);
  // tasks/result, which waits.
  void tell_result(const Call& call);

 private:
  struct Task {
    json arguments;
    json answer;  // null: none yet
    bool is_cancelled = false;
  };
  static std::string status_of(const Task& task);
  static json describe(const std::string& id, const Task& task, bool modern);
  static json result_of(const Task& task);
  void save();

  const std::string file_;
  Journal& journal_;
  std::mutex mutex_;
  std::map<std::string, Task> tasks_;
};

class StandIn {
 public:
  StandIn(Options options, Journal& journal)
      : options_(std::move(options)), journal_(journal), tasks_(options_.tasks, journal) {}

  const Options& options() const { return options_; }
  // Answers any request except tools/call; nothing for a method it leaves unanswered (a subscription).
  json answer(const std::string& method, const json& params);
  // Whether a method may take its time and asks for a thread of its own: tools/call and tasks/result.
  static bool takes_time(const std::string& method) { return method == "tools/call" || method == "tasks/result"; }
  // Carries such a request out and sends its answer. Throws HttpRefusal where a tool is about HTTP.
  void carry_out(const std::string& method, const Call& call);
  // What the client that sent these params can be asked.
  json offered_by(const json& params);
  Tasks& tasks() { return tasks_; }
  Asking& asking() { return asking_; }
  // Sends a message to whoever asked for changes of the tool list.
  void on_list_changed(std::function<void()> tell) { tell_list_changed_ = std::move(tell); }
  void on_sessions_forgotten(std::function<void()> forget) { forget_sessions_ = std::move(forget); }
  Journal& journal() { return journal_; }
  void add_extra_tool();
  void forget_sessions() {
    if (forget_sessions_) forget_sessions_();
  }

 private:
  json discover();
  json initialize(const json& params);
  json list_tools(const json& params);

  Options options_;
  Journal& journal_;
  Tasks tasks_;
  Asking asking_;
  std::mutex mutex_;
  json offered_ = json::object();  // by the legacy client
  std::atomic<bool> extra_{false};
  std::atomic<int> listings_{0};
  std::function<void()> tell_list_changed_, forget_sessions_;
};

inline constexpr const char* kModern = "2026-07-28";

bool is_modern(const json& params);
json text_result(const std::string& text);
json rpc_error(int code, const std::string& message, json data = nullptr);  // what answer() gives for an error
bool is_error(const json& answer);
json response(const json& id, json answer);

// stand_in_tools.cc
json tool_list(bool with_extra, bool with_header);
void run_tool(StandIn& server, const Call& call, const std::string& name, const json& arguments);

int serve_stdio(StandIn& server);
int serve_http(StandIn& server);

}  // namespace stand_in
