// The core tasks of 2025-11-25, where a transcript cannot show them (tests/transcripts/tasks_2025_11_25.txt).
#include <catch2/catch.hpp>

#include "tests/transport/tasks_fixture.h"

namespace carillon::transport {
namespace {

using fixture::Collected;

struct OldClient : fixture::TaskServer {
  std::shared_ptr<Collected> sink = std::make_shared<Collected>();
  std::shared_ptr<Peer> peer = mcp.connect(Peer::Kind::stream, {"t", "a", {}}, sink);

  OldClient() {
    ask("initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", {{"elicitation", json::object()}}}});
  }
  ~OldClient() { mcp.disconnect(peer); }

  void say(const json& id, const std::string& method, const json& params) {
    const json request{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
    mcp.receive_text({peer, sink, nullptr}, request.dump());
  }
  std::vector<json> hear() {
    std::vector<json> heard;
    for (const auto& text : sink->take()) heard.push_back(json::parse(text));
    return heard;
  }
  json ask(const std::string& method, const json& params) {
    say(1, method, params);
    const auto heard = hear();
    REQUIRE(heard.size() == 1);
    return heard[0];
  }
  std::string start(TaskView view = {}) { return tasks.start(std::move(view)); }
};

Answer refusal() {
  Answer answer = conformance::text_answer("it did not work");
  answer.is_error = true;
  return answer;
}

TEST_CASE("tools that may be called as tasks say so to the one revision that asks", "[transport][server_core_tasks]") {
  OldClient client;
  const json tools = client.ask("tools/list", json::object())["result"]["tools"];
  const auto support_of = [&](const char* name) -> json {
    for (const auto& tool : tools)
      if (tool["name"] == name) return tool.value("execution", json());
    return "not listed";
  };
  CHECK(support_of("slow_compute") == json{{"taskSupport", "optional"}});
  CHECK(support_of("failing_job") == json{{"taskSupport", "required"}});
  CHECK(support_of("greet") == json());
  const auto modern = fixture::modern_request(2, "tools/list");
  client.mcp.receive_text({client.peer, client.sink, nullptr}, modern.dump());
  const json listed = client.hear().at(0)["result"]["tools"];
  CHECK(listed.size() == tools.size());
  for (const auto& tool : listed) CHECK_FALSE(tool.contains("execution"));
}

TEST_CASE("an error of the tool makes a core task failed and its result is the answer itself",
          "[transport][server_core_tasks]") {
  OldClient client;
  const std::string id = client.start();
  client.say(7, "tasks/result", {{"taskId", id}});
  CHECK(client.hear().empty());
  client.tasks.change(id, [](TaskView& task) {
    task.status = TaskStatus::completed;
    task.answer = refusal();
  });
  const auto heard = client.hear();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0]["id"] == 7);
  CHECK(heard[0]["result"]["isError"] == true);
  CHECK(heard[0]["result"]["_meta"][meta_key::kRelatedTask]["taskId"] == id);
  CHECK(client.ask("tasks/get", {{"taskId", id}})["result"]["status"] == "failed");
}

TEST_CASE("a protocol error is the result of the core task that met it", "[transport][server_core_tasks]") {
  OldClient client;
  const std::string id = client.start();
  client.tasks.change(id, [](TaskView& task) {
    task.status = TaskStatus::failed;
    task.error = ProtocolError{-32603, "broke", {{"at", 1}}};
  });
  CHECK(client.ask("tasks/result", {{"taskId", id}})["error"] ==
        json{{"code", -32603}, {"message", "broke"}, {"data", {{"at", 1}}}});
}

TEST_CASE("what the user does not answer stays open and is asked again on the next wait",
          "[transport][server_core_tasks]") {
  OldClient client;
  client.say(2, "tools/call",
             {{"name", "confirm_delete"}, {"arguments", {{"filename", "a"}}}, {"task", json::object()}});
  const std::string id = client.hear().at(0)["result"]["task"]["taskId"];
  const auto put_question = [&](int request) {
    client.say(request, "tasks/result", {{"taskId", id}});
    const auto heard = client.hear();
    REQUIRE(heard.size() == 1);
    CHECK(heard[0]["method"] == "elicitation/create");
    return heard[0]["id"];
  };
  const json first = put_question(3);
  client.mcp.receive_text(
      {client.peer, client.sink, nullptr},
      json{{"jsonrpc", "2.0"}, {"id", first}, {"error", {{"code", -1}, {"message", "busy"}}}}.dump());
  CHECK(client.hear().empty());
  const json second = put_question(4);
  client.mcp.receive_text({client.peer, client.sink, nullptr},
                          json{{"jsonrpc", "2.0"}, {"id", second}, {"result", {{"action", "accept"}}}}.dump());
  std::set<json> answered;
  for (const auto& message : client.hear())
    if (message.contains("result")) answered.insert(message["id"]);
  CHECK(answered == std::set<json>{3, 4});
}

TEST_CASE("a client is told of the changes of tasks that it started until it goes", "[transport][server_core_tasks]") {
  OldClient client;
  client.say(2, "tools/call", {{"name", "slow_compute"}, {"arguments", {{"seconds", 60}}}, {"task", json::object()}});
  const std::string id = client.hear().at(0)["result"]["task"]["taskId"];
  client.tasks.change(id, [](TaskView& task) { task.status_message = "half way"; });
  client.tasks.change(id, [](TaskView& task) { task.poll_interval = std::chrono::seconds{9}; });
  const auto heard = client.hear();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0]["method"] == "notifications/tasks/status");
  CHECK(heard[0]["params"]["statusMessage"] == "half way");
  CHECK(heard[0]["params"]["taskId"] == id);
  CHECK(client.tasks.followers_of(id) == 1);
  client.mcp.disconnect(client.peer);
  CHECK(client.tasks.followers_of(id) == 0);
}

TEST_CASE("the answer that creates a core task tells the model what goes on", "[transport][server_core_tasks]") {
  OldClient client;
  TaskView view;
  view.status_message = "report#1 is running";
  class Starting final : public ToolService {
   public:
    explicit Starting(std::string id) : id_(std::move(id)) {}
    std::shared_ptr<const ToolList> list_tools(const RequestContext&) override { return list_; }
    void call_tool(const RequestContext&, const std::string&, json, ToolDone done) override { done(StartedTask{id_}); }

   private:
    const std::string id_;
    std::shared_ptr<const ToolList> list_ = std::make_shared<ToolList>(ToolList{
        {{{"name", "start"}, {"inputSchema", {{"type", "object"}}}, {"execution", {{"taskSupport", "optional"}}}}}});
  };
  Starting tools{client.tasks.start(view)};
  McpServer server{
      fixture::Server::default_options(), {.tools = &tools, .tasks = &client.tasks}, client.clock, client.executor};
  const auto peer = server.connect(Peer::Kind::stream, {"t", "a", {}}, client.sink);
  const auto ask = [&](const char* method, const json& params) {
    const json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
    server.receive_text({peer, client.sink, nullptr}, request.dump());
    return client.hear().at(0);
  };
  ask("initialize", {{"protocolVersion", "2025-11-25"}});
  CHECK(ask("tools/call",
            {{"name", "start"}, {"task", json::object()}})["result"]["_meta"][meta_key::kImmediateResponse] ==
        "report#1 is running");
  CHECK(ask("tools/call", {{"name", "start"}})["error"]["code"] == rpc_code::kInternal);
  server.disconnect(peer);
}

}  // namespace
}  // namespace carillon::transport
