#include "transport/socket_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/transport/server_fixture.h"

namespace carillon::transport {
namespace {

using namespace fixture;

struct Local {
  explicit Local(SocketHooks::Verdict verdict = SocketHooks::Verdict::admit, const SocketOptions& options = {}) {
    static std::atomic<int> count{0};
    folder = std::filesystem::temp_directory_path() /
             ("carillon_socket_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    SocketHooks hooks;
    hooks.admit = [verdict](const SocketPeer& peer) {
      CHECK(peer.uid == ::getuid());
      CHECK(peer.pid == ::getpid());
      return verdict;
    };
    hooks.open = [this](const SocketPeer&, std::string_view first) {
      if (first == "go away") return Opened{nullptr, {}, "no", {}};
      const bool hello = first == "hello";
      return Opened{std::shared_ptr<McpServer>{&server.mcp, [](McpServer*) {}},
                    {"t", "local", {}},
                    hello ? "welcome" : "",
                    hello ? Opened::FirstLine::was_handled : Opened::FirstLine::is_protocol,
                    hello ? "Asia/Tokyo" : ""};
    };
    socket = std::make_unique<SocketServer>(path(), hooks, options);
  }
  ~Local() {
    socket->stop();
    std::filesystem::remove_all(folder);
  }
  std::string path() const { return (folder / "carillon.sock").string(); }

  std::filesystem::path folder;
  Server server;
  std::unique_ptr<SocketServer> socket;
};

struct LocalClient {
  explicit LocalClient(const Local& local) : fd(connect_socket(local.path())) {}
  void say(const std::string& line) const {
    const std::string text = line + "\n";
    REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  // The next line; empty at the end.
  std::string hear() {
    while (heard.find('\n') == std::string::npos) {
      char buffer[4096];
      const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return "";
      heard.append(buffer, static_cast<std::size_t>(got));
    }
    const std::string line = heard.substr(0, heard.find('\n'));
    heard.erase(0, line.size() + 1);
    return line;
  }
  process::UniqueFd fd;
  std::string heard;
};

TEST_CASE("local clients speak the protocol at once or after a greeting", "[transport][socket_server]") {
  Local local;
  local.socket->start();
  LocalClient plain{local};
  plain.say(modern_call(1, "fail").dump());
  CHECK(json::parse(plain.hear())["result"]["isError"] == true);
  CHECK(local.server.tools.last_context.zone.empty());
  LocalClient greeted{local};
  greeted.say("hello");
  CHECK(greeted.hear() == "welcome");
  greeted.say(modern_call(2, "fail").dump());
  CHECK(json::parse(greeted.hear())["id"] == 2);
  CHECK(local.server.tools.last_context.principal.agent == "local");
  CHECK(local.server.tools.last_context.zone == "Asia/Tokyo");  // told when the connection was opened
}

TEST_CASE("a client that is not wanted is closed", "[transport][socket_server]") {
  Local local;
  local.socket->start();
  LocalClient refused{local};
  refused.say("go away");
  CHECK(refused.hear() == "no");
  CHECK(refused.hear().empty());
  Local strict{SocketHooks::Verdict::refuse};
  strict.socket->start();
  LocalClient stranger{strict};
  CHECK(stranger.hear().empty());
}

TEST_CASE("the socket is private and goes with its server", "[transport][socket_server]") {
  Local local;
  local.socket->start();
  struct stat facts {};
  REQUIRE(::stat(local.path().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  REQUIRE(::stat(local.folder.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0700);
  local.socket->stop();
  CHECK_FALSE(std::filesystem::exists(local.path()));
  CHECK_FALSE(connect_socket(local.path()).open());
}

TEST_CASE("a socket left behind is replaced and one that answers is not", "[transport][socket_server]") {
  Local local;
  local.socket->start();
  SocketServer second{local.path(), {}, {}};
  CHECK_THROWS_AS(second.start(), std::system_error);
  CHECK(connect_socket(local.path()).open());

  Local dead;
  std::filesystem::create_directories(dead.folder);
  const process::UniqueFd left{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  dead.path().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  dead.socket->start();
  LocalClient client{dead};
  client.say(modern_call(1, "fail").dump());
  CHECK(json::parse(client.hear())["id"] == 1);
}

TEST_CASE("a client that vanishes takes its calls with it", "[transport][socket_server]") {
  Local local;
  local.socket->start();
  {
    LocalClient client{local};
    client.say(modern_call(1, "park").dump());
    REQUIRE(local.server.tools.parking.wait_parked(1));
  }
  CHECK(local.server.tools.parking.wait_cancelled(1));
}

TEST_CASE("stopping ends open connections", "[transport][socket_server]") {
  Local local;
  local.socket->start();
  LocalClient client{local};
  client.say(modern_call(1, "park").dump());
  REQUIRE(local.server.tools.parking.wait_parked(1));
  local.socket->stop();
  CHECK(client.hear().empty());
  CHECK(local.server.tools.parking.wait_cancelled(1));
}

TEST_CASE("connections beyond the limit are closed and those before it go on", "[transport][socket_server]") {
  SocketOptions options;
  options.connections_max = 2;
  Local local{SocketHooks::Verdict::admit, options};
  local.socket->start();
  LocalClient first{local};
  LocalClient second{local};
  for (LocalClient* client : {&first, &second}) {
    client->say(modern_call(1, "fail").dump());
    REQUIRE(json::parse(client->hear())["id"] == 1);
  }
  LocalClient third{local};
  CHECK(third.hear().empty());
  first.say(modern_call(2, "fail").dump());
  CHECK(json::parse(first.hear())["id"] == 2);
}

TEST_CASE("a path that does not fit is refused with its name", "[transport][socket_server]") {
  SocketServer server{"/tmp/" + std::string(200, 'x') + "/s", {}, {}};
  CHECK_THROWS_WITH(server.start(), Catch::Contains("xxx"));
}

}  // namespace
}  // namespace carillon::transport
