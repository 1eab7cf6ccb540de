// The Tasks extension, prompts and completion, with the services of the conformance fixture.
#include <catch2/catch.hpp>

#include "tests/transport/tasks_fixture.h"

namespace carillon::transport {
namespace {

using fixture::Collected;

struct Everything : fixture::TaskServer {
  std::shared_ptr<Collected> sink = std::make_shared<Collected>();
  std::shared_ptr<Peer> peer = mcp.connect(Peer::Kind::stream, {"t", "a", {}}, sink);

  ~Everything() { mcp.disconnect(peer); }

  json ask(const std::string& method, json params, json capabilities = json::object()) {
    params["_meta"] = fixture::modern_meta();
    params["_meta"][meta_key::kClientCapabilities] = std::move(capabilities);
    const json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}};
    mcp.receive_text({peer, sink, nullptr}, request.dump());
    const auto texts = sink->take();
    REQUIRE(texts.size() == 1);
    return json::parse(texts[0]);
  }
  json with_tasks(const std::string& method, json params) {
    return ask(method, std::move(params),
               {{"elicitation", json::object()}, {"extensions", {{kTasksExtension, json::object()}}}});
  }
  std::string start(const char* tool, const json& arguments = json::object()) {
    const json created = with_tasks("tools/call", {{"name", tool}, {"arguments", arguments}})["result"];
    REQUIRE(created["resultType"] == "task");
    return created["taskId"];
  }
  json get(const std::string& id) { return with_tasks("tasks/get", {{"taskId", id}})["result"]; }
};

TEST_CASE("a call becomes a task only for a client that takes tasks", "[transport][server_tasks]") {
  Everything e;
  const json discovered = e.ask("server/discover", json::object())["result"]["capabilities"];
  CHECK(discovered["extensions"].contains(kTasksExtension));
  const json slow{{"name", "slow_compute"}, {"arguments", {{"seconds", 60}, {"label", "x"}}}};
  CHECK(e.ask("tools/call", slow)["result"]["content"][0]["text"] == "Computed x");
  const json created = e.with_tasks("tools/call", slow)["result"];
  CHECK(created["resultType"] == "task");
  CHECK(created["status"] == "working");
  CHECK(created["ttlMs"] == 3'600'000);
  CHECK(created["pollIntervalMs"] == 200);
  CHECK(created["createdAt"].get<std::string>().ends_with("Z"));
  for (const char* member : {"result", "error", "inputRequests", "task", "ttl"}) CHECK_FALSE(created.contains(member));
}

TEST_CASE("a task is read and cancelled by its id", "[transport][server_tasks]") {
  Everything e;
  const std::string id = e.start("slow_compute", {{"seconds", 60}});
  CHECK(e.get(id)["resultType"] == "complete");
  CHECK(e.get(id)["status"] == "working");
  const json acknowledged = e.with_tasks("tasks/cancel", {{"taskId", id}})["result"];
  CHECK(acknowledged["resultType"] == "complete");
  CHECK_FALSE(acknowledged.contains("taskId"));
  CHECK(e.get(id)["status"] == "cancelled");
  CHECK(e.with_tasks("tasks/cancel", {{"taskId", id}}).contains("result"));
}

TEST_CASE("a task takes the answers to its questions one by one", "[transport][server_tasks]") {
  Everything e;
  const std::string id = e.start("multi_input");
  CHECK(e.get(id)["status"] == "input_required");
  CHECK(e.get(id)["inputRequests"].size() == 2);
  const json accepted{{"action", "accept"}, {"content", {{"confirm", true}}}};
  e.with_tasks("tasks/update", {{"taskId", id}, {"inputResponses", {{"first", accepted}, {"unknown", accepted}}}});
  CHECK(e.get(id)["inputRequests"].size() == 1);
  e.with_tasks("tasks/update", {{"taskId", id}, {"inputResponses", {{"second", accepted}}}});
  const json done = e.get(id);
  CHECK(done["status"] == "completed");
  CHECK(done["result"]["content"][0]["text"] == "Both answered");
  CHECK_FALSE(done.contains("inputRequests"));
}

TEST_CASE("a failed task tells the error and a tool's error is a completed task", "[transport][server_tasks]") {
  Everything e;
  const std::string failed = e.tasks.start({});
  e.tasks.change(failed, [](TaskView& task) {
    task.status = TaskStatus::failed;
    task.status_message = "broke";
    task.error = ProtocolError{-32603, "broke", {{"at", 1}}};
  });
  CHECK(e.get(failed)["error"] == json{{"code", -32603}, {"message", "broke"}, {"data", {{"at", 1}}}});
  CHECK(e.get(failed)["statusMessage"] == "broke");
  const std::string wrong = e.tasks.start({});
  e.tasks.change(wrong, [](TaskView& task) {
    task.status = TaskStatus::completed;
    task.answer = Answer{json::array(), std::nullopt, true};
  });
  CHECK(e.get(wrong)["result"]["isError"] == true);
}

TEST_CASE("task methods need the extension and an id that exists", "[transport][server_tasks]") {
  Everything e;
  const auto method = GENERATE(as<std::string>{}, "tasks/get", "tasks/update", "tasks/cancel");
  const json params{{"taskId", "nothing"}, {"inputResponses", json::object()}};
  const json refused = e.ask(method, params)["error"];
  CHECK(refused["code"] == rpc_code::kMissingCapability);
  CHECK(refused["data"]["requiredCapabilities"]["extensions"].contains(kTasksExtension));
  CHECK(e.with_tasks(method, params)["error"]["code"] == rpc_code::kInvalidParams);
  CHECK(e.with_tasks(method, json::object())["error"]["code"] == rpc_code::kInvalidParams);
  CHECK(e.with_tasks("tasks/list", params)["error"]["code"] == rpc_code::kMethodNotFound);
}

TEST_CASE("a listener follows the tasks that are its own", "[transport][server_tasks]") {
  Everything e;
  const std::string id = e.start("slow_compute", {{"seconds", 60}});
  const json filter{{"notifications", {{"taskIds", {id, "nothing"}}}}};
  CHECK(e.ask("subscriptions/listen", filter)["error"]["code"] == rpc_code::kMissingCapability);
  CHECK(e.with_tasks("subscriptions/listen", filter)["params"]["notifications"]["taskIds"] == json::array({id}));
  e.tasks.change(id, [](TaskView& task) { task.status_message = "half way"; });
  e.tasks.change(id, [](TaskView& task) { task.status = TaskStatus::cancelled; });
  const auto told = e.sink->take();
  REQUIRE(told.size() == 2);
  const json message = json::parse(told[0]);
  CHECK(message["method"] == "notifications/tasks");
  CHECK(message["params"]["status"] == "working");
  CHECK(message["params"]["statusMessage"] == "half way");
  CHECK(message["params"]["_meta"][meta_key::kSubscriptionId] == 1);
  CHECK(json::parse(told[1])["params"]["status"] == "cancelled");
}

TEST_CASE("who listens too late for a change is told at once how the task stands", "[transport][server_tasks]") {
  Everything e;
  const std::string id = e.start("slow_compute", {{"seconds", 60}});
  e.with_tasks("tasks/cancel", {{"taskId", id}});
  const json request = fixture::modern_request(7, "subscriptions/listen", {{"notifications", {{"taskIds", {id}}}}});
  json declaring = request;
  declaring["params"]["_meta"][meta_key::kClientCapabilities] = {{"extensions", {{kTasksExtension, json::object()}}}};
  e.mcp.receive_text({e.peer, e.sink, nullptr}, declaring.dump());
  const auto told = e.sink->take();
  REQUIRE(told.size() == 2);
  CHECK(json::parse(told[0])["method"] == "notifications/subscriptions/acknowledged");
  CHECK(json::parse(told[1])["params"]["status"] == "cancelled");
}

TEST_CASE("who has stopped listening hears no more of a task", "[transport][server_tasks]") {
  Everything e;
  const std::string id = e.start("slow_compute", {{"seconds", 60}});
  e.with_tasks("subscriptions/listen", {{"notifications", {{"taskIds", {id}}}}});
  e.mcp.receive_text({e.peer, e.sink, nullptr},
                     R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  CHECK(e.tasks.followers_of(id) == 0);
  e.tasks.change(id, [](TaskView& task) { task.status = TaskStatus::cancelled; });
  CHECK(e.sink->take().empty());
}

TEST_CASE("prompts are listed and filled in and may ask first", "[transport][server_prompts]") {
  Everything e;
  CHECK(e.ask("prompts/list", json::object())["result"]["prompts"].size() == 5);
  const json filled = e.ask("prompts/get", {{"name", "test_prompt_with_arguments"}, {"arguments", {{"arg1", "x"}}}});
  CHECK(filled["result"]["messages"][0]["content"]["text"] == "arg1='x', arg2=''");
  CHECK(e.ask("prompts/get", {{"name", "none"}})["error"]["code"] == rpc_code::kInvalidParams);
  CHECK(e.ask("prompts/get", {{"name", "test_simple_prompt"}, {"arguments", {{"a", 1}}}})["error"]["code"] ==
        rpc_code::kInvalidParams);
  const json asked = e.with_tasks("prompts/get", {{"name", "test_input_required_result_prompt"}});
  CHECK(asked["result"]["resultType"] == "input_required");
}

TEST_CASE("completions are asked by prompt or template", "[transport][server_prompts]") {
  Everything e;
  const json argument{{"name", "arg1"}, {"value", "a"}};
  const json prompt{{"type", "ref/prompt"}, {"name", "test_prompt_with_arguments"}};
  const json done = e.ask("completion/complete", {{"ref", prompt}, {"argument", argument}})["result"]["completion"];
  CHECK(done["values"] == json::array({"a-one", "a-two"}));
  CHECK(done["hasMore"] == false);
  const json other{{"type", "ref/resource"}, {"uri", "test://template/{id}/data"}};
  CHECK(e.ask("completion/complete", {{"ref", other}, {"argument", argument}}).contains("result"));
  const auto bad = GENERATE_COPY(values<json>({{{"ref", prompt}},
                                               {{"ref", "x"}, {"argument", argument}},
                                               {{"ref", {{"type", "ref/tool"}}}, {"argument", argument}},
                                               {{"ref", prompt}, {"argument", {{"name", 1}, {"value", "a"}}}}}));
  CHECK(e.ask("completion/complete", bad)["error"]["code"] == rpc_code::kInvalidParams);
}

TEST_CASE("resources are listed by page and read by address", "[transport][server_resources]") {
  Everything e;
  CHECK(e.ask("resources/list", json::object())["result"]["resources"].size() == 3);
  CHECK(e.ask("resources/templates/list", json::object())["result"]["resourceTemplates"].size() == 1);
  CHECK(e.ask("resources/list", {{"cursor", 7}})["error"]["code"] == rpc_code::kInvalidParams);
  const json read = e.ask("resources/read", {{"uri", "test://template/123/data"}})["result"];
  CHECK(read["contents"][0]["text"].get<std::string>().find("123") != std::string::npos);
  CHECK(read["ttlMs"] == 300'000);
  CHECK(e.ask("resources/read", json::object())["error"]["code"] == rpc_code::kInvalidParams);
}

TEST_CASE("content that a revision does not know is told in words", "[transport][server]") {
  const auto call = [&](const char* version, const char* tool) {
    Everything old;
    const auto say = [&](const char* method, const json& params) {
      const json message{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
      old.mcp.receive_text({old.peer, old.sink, nullptr}, message.dump());
      return json::parse(old.sink->take().at(0));
    };
    say("initialize", {{"protocolVersion", version}});
    return say("tools/call", {{"name", tool}})["result"]["content"][0];
  };
  CHECK(call("2024-11-05", "test_audio_content")["type"] == "text");
  CHECK(call("2025-03-26", "test_audio_content")["type"] == "audio");
  CHECK(call("2024-11-05", "test_image_content")["type"] == "image");
}

}  // namespace
}  // namespace carillon::transport
