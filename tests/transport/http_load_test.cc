// Many connections at once: that all are served, and what those cost that hold on, hang or flood.
#include <dirent.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <fstream>
#include <future>

#include "server/base/waiting.h"
#include "tests/transport/http_fixture.h"

namespace carillon::transport {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

struct ProcessFacts {
  std::size_t threads = 0;
  std::size_t resident_kib = 0;
  std::size_t descriptors = 0;
};

ProcessFacts facts_of_this_process() {
  ProcessFacts facts;
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) facts.threads = std::stoul(line.substr(8));
    if (line.starts_with("VmRSS:")) facts.resident_kib = std::stoul(line.substr(6));
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> all{::opendir("/proc/self/fd"), ::closedir};
  while (::readdir(all.get()) != nullptr) ++facts.descriptors;
  return facts;
}

// As many as fit: both ends of each connection are in this process.
std::size_t listeners_possible(std::size_t wanted) {
  rlimit now{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &now) == 0);
  now.rlim_cur = now.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
  return std::min<std::size_t>(wanted, (static_cast<std::size_t>(now.rlim_cur) - 500) / 2);
}

template <class Holds>
bool comes_true(Holds holds) {
  for (const auto end = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < end;) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return false;
}

std::string listen_text() {
  return modern_post(modern_request("L", "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
}

std::vector<RawClient> listeners_at(const Web& web, std::size_t count) {
  std::vector<RawClient> listeners;
  for (std::size_t i = 0; i < count; ++i) {
    listeners.push_back(web.client());
    REQUIRE(listeners.back().send(listen_text()));
  }
  for (auto& listener : listeners) {
    REQUIRE(listener.read_head().status == 200);
    REQUIRE(listener.read_event()["method"] == "notifications/subscriptions/acknowledged");
  }
  return listeners;
}

HttpRoute route(const char* path, HttpHandler handle) { return {"GET", path, Access::open, std::move(handle)}; }
void answer(const HttpRequest&, const std::shared_ptr<HttpReply>& reply) { reply->send(json_response(200, {})); }

TEST_CASE("a thousand listeners and sixty-four busy callers are all served", "[transport][http_load]") {
  constexpr int kCallers = 64, kRounds = 10;
  const std::size_t count = listeners_possible(1000);
  const auto before = facts_of_this_process();
  Web web;
  auto listeners = listeners_at(web, count);
  std::vector<RawClient> callers;
  for (int i = 0; i < kCallers; ++i) callers.push_back(web.client());
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kCallers; ++i)
      REQUIRE(callers[static_cast<std::size_t>(i)].send(
          modern_post(modern_call(round * kCallers + i, "echo", {{"i", i}}))));
    for (int i = 0; i < kCallers; ++i) {
      const auto reply = callers[static_cast<std::size_t>(i)].read_reply();
      REQUIRE(reply.status == 200);
      const json body = json::parse(reply.body);
      REQUIRE(body["id"] == round * kCallers + i);
      REQUIRE(body["result"]["structuredContent"]["i"] == i);
    }
  }
  const auto loaded = facts_of_this_process();
  CHECK(loaded.threads < before.threads + 32);
  CHECK(loaded.descriptors < before.descriptors + 2 * (count + kCallers) + 50);
  CHECK(loaded.resident_kib < before.resident_kib + count * 32 + 32 * 1024);
  web.mcp.tools_changed();
  for (auto& listener : listeners) REQUIRE(listener.read_event()["method"] == "notifications/tools/list_changed");
  listeners.clear();
  callers.clear();
  CHECK(comes_true([&] { return web.http->connections() == 0; }));
  CHECK(facts_of_this_process().descriptors < before.descriptors + 50);
}

TEST_CASE("requests that wait hold up nobody whether they say so or not", "[transport][http_load]") {
  const bool says_so = GENERATE(true, false);
  constexpr int kWaiting = 12;  // more than there are loops
  std::promise<void> open;
  const auto gate = open.get_future().share();
  std::atomic<int> waiting{0};
  Web web{{},
          {route("/slow",
                 [&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
                   if (says_so) about_to_wait();
                   ++waiting;
                   gate.wait();
                   answer(request, reply);
                 }),
           route("/quick", answer)}};
  std::vector<RawClient> slow;
  for (int i = 0; i < kWaiting; ++i) {
    slow.push_back(web.client());
    slow.back().send(request_text("GET /slow", {}));
  }
  REQUIRE(comes_true([&] { return waiting == kWaiting; }));
  for (int i = 0; i < kWaiting; ++i) CHECK(web.ask(request_text("GET /quick", {})).status == 200);
  open.set_value();
  for (auto& client : slow) CHECK(client.read_reply().status == 200);
}

TEST_CASE("more requests that wait than may wait take their turn", "[transport][http_load]") {
  HttpLimits limits;
  limits.waiting_calls_max = 2;
  std::atomic<int> now{0}, most{0};
  Web web{limits, {route("/slow", [&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
            about_to_wait();
            most = std::max<int>(most, ++now);
            std::this_thread::yield();
            --now;
            answer(request, reply);
          })}};
  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(web.client());
    clients.back().send(request_text("GET /slow", {}));
  }
  for (auto& client : clients) CHECK(client.read_reply().status == 200);
  CHECK(most <= 2 + 4);  // each loop may have lent one before the last was taken
}

TEST_CASE("a reader that takes nothing disturbs nobody and is given up", "[transport][http_load]") {
  HttpLimits limits;
  limits.stream_unsent_bytes_max = 300'000;
  std::shared_ptr<HttpReply> kept;
  std::promise<void> arrived;
  Web web{limits,
          {route("/events",
                 [&](const HttpRequest&, std::shared_ptr<HttpReply> reply) {
                   reply->begin_stream({200, "text/event-stream", "", {}});
                   kept = std::move(reply);
                   arrived.set_value();
                 }),
           route("/quick", answer)}};
  auto lazy = web.client();
  lazy.send(request_text("GET /events", {}));
  arrived.get_future().wait();
  const auto before = facts_of_this_process();
  const std::string piece(100'000, 'x');
  int written = 0;
  while (written < 2000 && kept->write(piece)) {
    ++written;
    REQUIRE(web.ask(request_text("GET /quick", {})).status == 200);
  }
  CHECK(written < 2000);
  CHECK(facts_of_this_process().resident_kib < before.resident_kib + 32 * 1024);
  CHECK_FALSE(kept->write("more"));
  CHECK(comes_true([&] { return web.http->connections() == 0; }));
}

// Closes such that the other side hears nothing of it; false where that is not permitted.
bool vanish(RawClient& client) {
  const int on = 1;
  if (::setsockopt(client.fd(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) return false;
  client.hang_up();
  return true;
}

TEST_CASE("clients that are gone in any way are noticed", "[transport][http_load]") {
  HttpLimits limits;
  limits.event_silence = 5ms;
  Web web{limits};
  SECTION("a listener that closes its sending half") {
    auto listeners = listeners_at(web, 1);
    REQUIRE(::shutdown(listeners[0].fd(), SHUT_WR) == 0);
    CHECK(comes_true([&] { return web.http->connections() == 0; }));
  }
  SECTION("a listener that resets") {
    auto listeners = listeners_at(web, 1);
    const linger at_once{1, 0};
    REQUIRE(::setsockopt(listeners[0].fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    listeners[0].hang_up();
    CHECK(comes_true([&] { return web.http->connections() == 0; }));
  }
  SECTION("a listener whose machine vanished") {
    auto listeners = listeners_at(web, 1);
    if (!vanish(listeners[0])) return;
    CHECK(comes_true([&] { return web.http->connections() == 0; }));
  }
  SECTION("a caller with a call under way") {
    auto client = web.client();
    client.send(modern_post(modern_call(1, "park")));
    REQUIRE(web.tools.parking.wait_parked(1));
    REQUIRE(::shutdown(client.fd(), SHUT_WR) == 0);
    CHECK(web.tools.parking.wait_cancelled(1));
    web.tools.parking.answer_all({});
  }
}

TEST_CASE("a flood of listeners is refused in words and ends with them", "[transport][http_load]") {
  HttpLimits limits;
  limits.connections_max = 16;
  Web web{limits};
  auto listeners = listeners_at(web, 16);
  for (int i = 0; i < 300; ++i) {
    auto late = web.client();
    late.send(listen_text());
    const auto refused = late.read_reply();
    REQUIRE(refused.status == 503);
    REQUIRE(json::parse(refused.body)["error"] == "over_limit");
    REQUIRE(refused.header("Connection") == "close");
  }
  CHECK(web.http->connections() == 16);
  web.mcp.tools_changed();
  for (auto& listener : listeners) REQUIRE(listener.read_event()["method"] == "notifications/tools/list_changed");
  listeners.pop_back();
  REQUIRE(comes_true([&] { return web.http->connections() == 15; }));
  CHECK(web.ask(modern_post(modern_call(1, "echo"))).status == 200);
}

}  // namespace
}  // namespace carillon::transport
