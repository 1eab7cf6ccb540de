// Who watches a resource is told of its changes, through a real McpServer, in both eras; others are not.
#include "tools/resource_watch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <mutex>

#include "tests/support/installation.h"
#include "transport/protocol.h"
#include "transport/server.h"

namespace carillon::tools {
namespace {

using carillon::test::Installation;

class HeardUpdates final : public transport::MessageSink {
 public:
  void send(std::string text) override { add(std::move(text)); }
  void reply(int, std::string text) override { add(std::move(text)); }
  void abandon() override {}

  // The URIs of the updates, and "list" for a changed list, since the last look.
  std::vector<std::string> updates() {
    const std::lock_guard lock{mutex_};
    return std::exchange(updates_, {});
  }
  json last_reply() {
    const std::lock_guard lock{mutex_};
    return reply_;
  }

 private:
  void add(const std::string& text) {
    const json message = json::parse(text);
    const std::lock_guard lock{mutex_};
    const std::string method = message.value("method", "");
    if (method == "notifications/resources/updated") updates_.push_back(message["params"]["uri"]);
    if (method == "notifications/resources/list_changed") updates_.emplace_back("list");
    if (!message.contains("method")) reply_ = message;
    if (method == "notifications/subscriptions/acknowledged") reply_ = message["params"];
  }
  std::mutex mutex_;
  std::vector<std::string> updates_;
  json reply_;
};

struct Watching : Installation {
  transport::McpServer server{{}, {.tools = &tools, .resources = &resources}, clock, pool};

  Watching() { watch.serve(server); }

  struct Client {
    std::shared_ptr<HeardUpdates> heard = std::make_shared<HeardUpdates>();
    std::shared_ptr<transport::Peer> peer;
  };
  Client connect(const std::string& tenant = "default", std::vector<std::string> granted = {"read"}) {
    Client host;
    // A peer of one HTTP request: its requests are answered in this thread.
    host.peer = server.connect(transport::Peer::Kind::session, {tenant, "owner", std::move(granted)}, host.heard);
    return host;
  }
  void say(const Client& host, const json& message) {
    server.receive_text({host.peer, host.heard, nullptr}, message.dump());
  }
  json listen(const Client& host, const std::vector<std::string>& uris) {
    const json meta{{transport::meta_key::kProtocolVersion, "2026-07-28"},
                    {transport::meta_key::kClientCapabilities, json::object()}};
    say(host, {{"jsonrpc", "2.0"},
               {"id", "l"},
               {"method", "subscriptions/listen"},
               {"params", {{"notifications", {{"resourceSubscriptions", uris}}}, {"_meta", meta}}}});
    return host.heard->last_reply()["notifications"]["resourceSubscriptions"];
  }
  void shake_hands(const Client& host) {
    say(host, {{"jsonrpc", "2.0"},
               {"id", "i"},
               {"method", "initialize"},
               {"params", {{"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}}}});
  }
  json subscribe(const Client& host, const std::string& uri, const std::string& method = "resources/subscribe") {
    say(host, {{"jsonrpc", "2.0"}, {"id", uri}, {"method", method}, {"params", {{"uri", uri}}}});
    return host.heard->last_reply();
  }

  void schedule(const std::string& name) {
    call("schedule_task",
         {{"name", name}, {"when", "manual"}, {"tool", "stand_in.echo"}, {"arguments", {{"message", "hi"}}}});
  }
};

using Uris = std::vector<std::string>;

TEST_CASE("the end of a run is told once under the URI that was watched", "[tools][resource_watch]") {
  Watching here;
  here.schedule("echo");
  here.call("run_now", {{"task", "echo"}});
  const auto modern = here.connect();
  CHECK(here.listen(modern, {"run://echo#1", "run://echo%231/log", "run://other%231", "docs://when"}) ==
        json{"run://echo#1", "run://echo%231/log"});
  const auto legacy = here.connect();
  here.shake_hands(legacy);
  CHECK(here.subscribe(legacy, "run://echo%231").contains("result"));
  CHECK(here.subscribe(legacy, "run://other%231")["error"]["code"] == -32002);

  here.watch.look();
  CHECK(modern.heard->updates() == Uris{});
  legacy.heard->updates();                          // the list, which has one task more
  here.settle("echo#1", "succeeded", nullptr, "");  // by whatever process: nobody tells us
  here.watch.look();
  CHECK(modern.heard->updates() == Uris{"run://echo#1", "run://echo%231/log"});
  CHECK(legacy.heard->updates() == Uris{"run://echo%231"});
  here.watch.look();
  CHECK(modern.heard->updates() == Uris{});
}

TEST_CASE("what changes between the subscription and the first look is told", "[tools][resource_watch]") {
  Watching here;
  here.schedule("echo");
  here.call("run_now", {{"task", "echo"}});
  const auto host = here.connect();
  here.listen(host, {"run://echo%231"});
  here.settle("echo#1", "failed", nullptr, "timeout");
  here.watch.look();
  CHECK(host.heard->updates() == Uris{"run://echo%231"});
}

TEST_CASE("a key of the shared state is watched before there is one and until it is over", "[tools][resource_watch]") {
  Watching here;
  const auto host = here.connect();
  const auto stranger = here.connect("elsewhere");
  const std::string uri = "state://default/repo%2Fbuild";
  CHECK(here.listen(host, {uri, "state://default/" + std::string(201, 'x')}) == json{uri});
  CHECK(here.listen(stranger, {uri}) == json{uri});
  const auto told = [&](const Watching::Client& who) {
    here.watch.look();
    return who.heard->updates() == Uris{uri};
  };
  CHECK_FALSE(told(host));
  here.call("set_state", {{"key", "other"}, {"op", "set"}, {"value", "1"}});
  CHECK_FALSE(told(host));
  here.call("set_state", {{"key", "repo/build"}, {"op", "set"}, {"value", "1"}, {"ttl", "1h"}});
  CHECK(told(host));
  here.call("set_state", {{"key", "repo/build"}, {"op", "acquire"}, {"ttl", "10m"}});
  CHECK(told(host));
  CHECK_FALSE(told(host));
  here.clock.advance(std::chrono::minutes{10});  // the lease is over, and nobody said so
  CHECK(told(host));
  here.clock.advance(std::chrono::minutes{50});  // and the value
  CHECK(told(host));
  CHECK(stranger.heard->updates() == Uris{});
}

TEST_CASE("a second watcher takes no change from the first", "[tools][resource_watch]") {
  Watching here;
  here.schedule("echo");
  here.call("run_now", {{"task", "echo"}});
  const auto first = here.connect(), second = here.connect();
  here.listen(first, {"run://echo%231"});
  here.settle("echo#1", "succeeded", nullptr, "");
  here.listen(second, {"run://echo%231"});
  here.watch.look();
  CHECK(first.heard->updates() == Uris{"run://echo%231"});
}

TEST_CASE("what nobody watches any more is forgotten", "[tools][resource_watch]") {
  Watching here;
  here.schedule("echo");
  const auto host = here.connect();
  here.shake_hands(host);
  here.subscribe(host, "task://echo");
  here.watch.look();
  here.subscribe(host, "task://echo", "resources/unsubscribe");
  here.watch.look();
  here.call("update_task", {{"task", "echo"}, {"when", "every day at 07:30"}});
  here.subscribe(host, "task://echo");
  host.heard->updates();
  here.watch.look();
  CHECK(host.heard->updates() == Uris{});  // that was before it watched again
}

TEST_CASE("a task is told when it or its runs or its times change", "[tools][resource_watch]") {
  Watching here;
  here.schedule("echo");
  const auto host = here.connect();
  here.listen(host, {"task://echo", "task://echo/next"});
  const Uris both{"task://echo", "task://echo/next"};
  const auto told = [&] {
    here.watch.look();
    return host.heard->updates() == both;
  };
  CHECK_FALSE(told());
  here.call("update_task", {{"task", "echo"}, {"when", "every day at 07:30"}});
  CHECK(told());
  here.call("snooze", {{"task", "echo"}, {"skip", 2}});
  CHECK(told());
  here.call("set_task_state", {{"tasks", {"echo"}}, {"state", "paused"}});
  CHECK(told());
  here.call("set_task_state", {{"tasks", {"echo"}}, {"state", "active"}});
  CHECK(told());
  here.call("run_now", {{"task", "echo"}});
  here.settle("echo#1", "succeeded", nullptr, "");
  CHECK(told());
  here.call("delete_item", {{"kind", "task"}, {"name", "echo"}});
  CHECK(told());
  CHECK_FALSE(told());
}

TEST_CASE("the status is told when anything happened in the tenant and only there", "[tools][resource_watch]") {
  Watching here;
  here.database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  const auto mine = here.connect();
  here.listen(mine, {"status://now"});
  const auto theirs = here.connect("other");
  here.listen(theirs, {"status://now"});
  here.watch.look();
  CHECK(mine.heard->updates() == Uris{});
  here.schedule("echo");
  here.watch.look();
  CHECK(mine.heard->updates() == Uris{"status://now"});
  CHECK(theirs.heard->updates() == Uris{});
  here.watch.look();
  CHECK(mine.heard->updates() == Uris{});
}

TEST_CASE("what happens between the subscription to the status and the first look is told", "[tools][resource_watch]") {
  Watching here;
  const auto host = here.connect();
  here.listen(host, {"status://now"});
  here.schedule("echo");
  here.watch.look();
  CHECK(host.heard->updates() == Uris{"status://now"});
}

TEST_CASE("an event that commits after a later one is told all the same", "[tools][resource_watch]") {
  Watching here;
  const auto host = here.connect();
  here.listen(host, {"status://now"});
  const auto event = [&](int sequence) {
    here.database.run(
        "INSERT INTO carillon.outbox (sequence, event_type, aggregate, tenant_id, agent_id, correlation_id, source, "
        "\"timestamp\", data) OVERRIDING SYSTEM VALUE VALUES (" +
        std::to_string(sequence) + ", 'task.run.queued', 'run:1', 'default', 'owner', '', 'test', now(), '{}')");
  };
  event(1'002);
  here.watch.look();
  CHECK(host.heard->updates() == Uris{"status://now"});
  event(1'001);
  here.watch.look();
  CHECK(host.heard->updates() == Uris{"status://now"});
}

TEST_CASE("a storm of events is one update", "[tools][resource_watch]") {
  Watching here;
  const auto host = here.connect();
  here.listen(host, {"status://now"});
  here.database.run(
      "INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, \"timestamp\", "
      "data) SELECT 'task.run.queued', 'run:1', 'default', 'owner', '', 'test', now(), '{}' FROM generate_series(1, "
      "7000)");
  here.watch.look();
  CHECK(host.heard->updates() == Uris{"status://now"});
  here.watch.look();
  CHECK(host.heard->updates() == Uris{});
  here.schedule("echo");
  here.watch.look();
  CHECK(host.heard->updates() == Uris{"status://now"});
}

TEST_CASE("who asked for it hears that the list of resources has changed", "[tools][resource_watch]") {
  Watching here;
  here.watch.look();  // of what came before the first look nobody hears
  const auto legacy = here.connect();
  here.shake_hands(legacy);
  here.database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  const auto stranger = here.connect("other");
  here.shake_hands(stranger);
  here.schedule("echo");
  here.watch.look();
  CHECK(legacy.heard->updates() == Uris{"list"});
  here.call("run_now", {{"task", "echo"}});
  here.watch.look();
  CHECK(legacy.heard->updates() == Uris{});
  here.call("delete_item", {{"kind", "task"}, {"name", "echo"}});
  here.watch.look();
  CHECK(legacy.heard->updates() == Uris{"list"});
  CHECK(stranger.heard->updates() == Uris{});
}

TEST_CASE("a tenant cannot watch what is not its own", "[tools][resource_watch]") {
  Watching here;
  here.database.run("INSERT INTO auth.tenant (tenant_id) VALUES ('other')");
  here.schedule("echo");
  const auto stranger = here.connect("other");
  CHECK(here.listen(stranger, {"task://echo"}) == json::array());
  const auto blind = here.connect("default", {"run"});
  CHECK(here.listen(blind, {"task://echo", "status://now"}) == json::array());
}

TEST_CASE("more things than one look takes are looked at in turns", "[tools][resource_watch]") {
  Watching here;
  here.schedule("echo");
  const int runs = 20;  // a look takes eight
  Uris uris;
  for (int n = 1; n <= runs; ++n) {
    here.call("run_now", {{"task", "echo"}, {"overlap", "allow"}});
    uris.push_back("run://echo%23" + std::to_string(n));
  }
  const auto host = here.connect();
  here.listen(host, uris);
  here.settle("echo#1", "succeeded", nullptr, "");
  here.settle("echo#" + std::to_string(runs), "succeeded", nullptr, "");
  for (int look = 0; look < 3; ++look) here.watch.look();
  auto told = host.heard->updates();
  std::sort(told.begin(), told.end());
  CHECK(told == Uris{uris.front(), uris.back()});
  // What has ended is not looked at any more, and one look tells of eight at most.
  for (int n = 2; n < runs; ++n) here.settle("echo#" + std::to_string(n), "succeeded", nullptr, "");
  for (const std::size_t expected : {8U, 8U, 2U, 0U}) {
    here.watch.look();
    CHECK(host.heard->updates().size() == expected);
  }
}

}  // namespace
}  // namespace carillon::tools
