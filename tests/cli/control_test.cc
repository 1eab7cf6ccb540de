#include "server/cli/control.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/base/clock.h"
#include "server/base/version.h"
#include "server/domain/schedule/zone.h"
#include "transport/worker_pool.h"

namespace carillon::cli {
namespace {

struct Fixture {
  explicit Fixture(HostZone zone_of_hosts = HostZone::heeded) : host_zone(zone_of_hosts) {}

  SystemClock clock;
  transport::WorkerPool pool{{}};
  std::shared_ptr<transport::McpServer> mcp =
      std::make_shared<transport::McpServer>(transport::ServerOptions{}, transport::Services{}, clock, pool);
  std::shared_ptr<transport::McpServer> channel_mcp =
      std::make_shared<transport::McpServer>(transport::ServerOptions{}, transport::Services{}, clock, pool);
  int stops = 0;
  std::string successor;
  const HostZone host_zone;
  transport::SocketHooks hooks = socket_hooks({.mcp = mcp,
                                               .channel_mcp = channel_mcp,
                                               .status =
                                                   [] {
                                                     return json{{"state", "ready"}};
                                                   },
                                               .stop =
                                                   [this](const std::string& next) {
                                                     ++stops;
                                                     successor = next;
                                                   },
                                               .started_by = kStartedByFront,
                                               .host_zone = host_zone});
  transport::Opened open(std::string_view line) { return hooks.open({}, line); }
};

TEST_CASE("only our own user and root may use the socket", "[cli][control]") {
  Fixture fixture;
  using Verdict = transport::SocketHooks::Verdict;
  CHECK(fixture.hooks.admit({.uid = ::geteuid(), .gid = 0, .pid = 1}) == Verdict::admit);
  CHECK(fixture.hooks.admit({.uid = 0, .gid = 0, .pid = 1}) == Verdict::admit);
  CHECK(fixture.hooks.admit({.uid = 54321, .gid = 0, .pid = 1}) == Verdict::refuse);
}

TEST_CASE("the preamble says what a connection is for", "[cli][control]") {
  Fixture fixture;
  const auto mcp = fixture.open(R"({"carillon":1,"want":"mcp"})");
  CHECK(mcp.server == fixture.mcp);
  CHECK(mcp.first_line == transport::Opened::FirstLine::was_handled);
  CHECK(json::parse(mcp.reply)["carillon"] == 1);
  CHECK(json::parse(mcp.reply)["version"] == std::string{kVersion});
  CHECK(json::parse(mcp.reply)["started_by"] == "front");
  CHECK(fixture.open(R"({"carillon":1,"want":"mcp_channel"})").server == fixture.channel_mcp);
  const auto status = fixture.open(R"({"carillon":1,"want":"status"})");
  CHECK(status.server == nullptr);
  CHECK(json::parse(status.reply)["status"]["state"] == "ready");
  CHECK(json::parse(fixture.open(R"({"carillon":1,"want":"tea"})").reply).contains("error"));
  CHECK(fixture.stops == 0);
}

TEST_CASE("a host speaks for a model and the command line for a person", "[cli][control]") {
  Fixture fixture;
  for (const char* line : {R"({"carillon":1,"want":"mcp"})", R"({"carillon":1,"want":"mcp_channel"})",
                           R"({"carillon":1,"want":"mcp","speaks":"service"})", R"({"jsonrpc":"2.0"})"}) {
    CHECK(fixture.open(line).principal.kind == "agent");
    CHECK(fixture.open(line).principal.agent == "owner");
  }
  CHECK(fixture.open(R"({"carillon":1,"want":"mcp","speaks":"person"})").principal.kind == "person");
}

TEST_CASE("the daemon ends only after its answer to stop is sent", "[cli][control]") {
  Fixture fixture;
  const auto stop = fixture.open(R"({"carillon":1,"want":"stop"})");
  CHECK(json::parse(stop.reply)["stopping"] == true);
  CHECK(fixture.stops == 0);
  stop.afterwards();
  CHECK(fixture.stops == 1);
  CHECK(fixture.successor.empty());
  fixture.open(R"({"carillon":1,"want":"stop","successor":"9.9"})").afterwards();
  CHECK(fixture.successor == "9.9");
  fixture.open(R"({"carillon":1,"want":"stop","successor":7})").afterwards();
  CHECK(fixture.successor.empty());
}

TEST_CASE("the zone of a front's machine counts where it is another and none is configured", "[cli][control]") {
  const std::string other = machine_zone() == "Asia/Tokyo" ? "Europe/Berlin" : "Asia/Tokyo";
  const auto zone_told = [](HostZone host_zone, const json& zone) {
    Fixture fixture{host_zone};
    return fixture.open(json{{"carillon", 1}, {"want", "mcp"}, {"zone", zone}}.dump()).zone;
  };
  CHECK(zone_told(HostZone::heeded, other) == other);
  CHECK(zone_told(HostZone::ignored, other).empty());
  // Ours is looked up anew each time: a machine that travels takes its tasks with it.
  CHECK(zone_told(HostZone::heeded, machine_zone()).empty());
  CHECK(zone_told(HostZone::heeded, "local").empty());
  CHECK(zone_told(HostZone::heeded, "Mars/Olympus").empty());
  CHECK(zone_told(HostZone::heeded, "").empty());
  CHECK(zone_told(HostZone::heeded, 7).empty());
  CHECK(Fixture{}.open(R"({"carillon":1})").zone.empty());
}

TEST_CASE("a first line that is no preamble is protocol already", "[cli][control]") {
  Fixture fixture;
  const auto opened = fixture.open(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  CHECK(opened.server == fixture.mcp);
  CHECK(opened.first_line == transport::Opened::FirstLine::is_protocol);
  CHECK(opened.reply.empty());
}

}  // namespace
}  // namespace carillon::cli
