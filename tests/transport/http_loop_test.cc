// One loop of the HTTP server by itself. Its door is held by the test, so that a round sees exactly what it shall see.
#include "transport/http_loop.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <future>

#include "server/base/waiting.h"
#include "tests/transport/http_fixture.h"
#include "transport/http_io.h"

namespace carillon::transport {
namespace {

using namespace fixture;

// Something that a thread waits at until the test lets it go on.
class LoopGate {
 public:
  void pass() {
    arrived_.set_value();
    opened_.get_future().wait();
  }
  void wait_arrived() { arrived_.get_future().wait(); }
  void open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }

 private:
  std::promise<void> arrived_, opened_;
  bool is_open_ = false;  // by the test's thread
};

// The loop is held at a gate for each knock. All that came before a knock it has taken in by the next one, and served
// by the one after that.
class HeldDoor final : public HttpLoop::Door {
 public:
  Opened open() override {
    std::uint64_t knocks = 0;
    if (::read(knocker_.get(), &knocks, sizeof knocks) == sizeof knocks) gates[turn_++].pass();
    return Opened::yes;
  }
  bool enter() override { return true; }
  void leave() override {}

  // Returns when the loop stands at the gate.
  void knock(std::size_t gate) {
    const std::uint64_t one = 1;
    REQUIRE(::write(knocker_.get(), &one, sizeof one) == sizeof one);
    gates[gate].wait_arrived();
  }
  int fd() const { return knocker_.get(); }

  std::array<LoopGate, 3> gates;

 private:
  process::UniqueFd knocker_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::size_t turn_ = 0;
};

// A loop that may lend one thing at a time, to requests that wait at the gate their path names.
struct OneLoan {
  OneLoan() {
    limits.waiting_calls_max = 1;
    app.admit = [](HttpRequest&) { return std::nullopt; };
    app.handle = [this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
      about_to_wait();
      (request.path == "/first" ? first : second).pass();
      reply->send(json_response(200, {}));
    };
    loop = std::make_shared<HttpLoop>(limits, app, door);
    loop->watch(door.fd());
    REQUIRE(relay.start(loop));
  }
  ~OneLoan() {
    for (LoopGate* gate : {&first, &second}) gate->open();
    for (LoopGate& gate : door.gates) gate.open();
    loop->mailbox().put_stop();
    relay.stop();
  }

  RawClient ask(const std::string& path) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    RawClient client{process::UniqueFd{ends[0]}};
    process::UniqueFd served{ends[1]};
    REQUIRE(::fcntl(served.get(), F_SETFL, O_NONBLOCK) == 0);
    loop->mailbox().put_socket(std::move(served));
    REQUIRE(client.send(request_text("GET " + path, {})));
    return client;
  }

  HttpLimits limits;
  HttpApp app;
  LoopGate first, second;
  HeldDoor door;
  Relay relay{{.loops_max = 1, .loans_max = 1, .loans_of_one_max = 1}};
  std::shared_ptr<HttpLoop> loop;
};

TEST_CASE("an answer goes out although a request that waited longer takes the only loan", "[transport][http_loop]") {
  OneLoan held;
  auto first = held.ask("/first");
  held.first.wait_arrived();
  auto second = held.ask("/second");
  // The loop has seen the second request and may not lend: it waits for its turn.
  for (const std::size_t gate : {0, 1}) {
    held.door.knock(gate);
    held.door.gates[gate].open();
  }
  // In one and the same round the loop finds the first answer and that it may lend again.
  held.door.knock(2);
  held.first.open();
  while (held.relay.loans() > 0) std::this_thread::yield();
  held.door.gates[2].open();
  held.second.wait_arrived();
  CHECK(first.read_reply().status == 200);
  held.second.open();
  CHECK(second.read_reply().status == 200);
}

}  // namespace
}  // namespace carillon::transport
