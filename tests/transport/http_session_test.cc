#include "transport/http_session.h"

#include "tests/transport/http_fixture.h"

namespace carillon::transport {
namespace {

using namespace fixture;
using namespace std::chrono_literals;

const Principal kAnn{"t", "ann", {}};
const Principal kBob{"t", "bob", {}};

// Sessions of a table whose time the test tells.
struct Table : Server {
  explicit Table(const SessionLimits& limits) : table(mcp, limits) {}
  std::shared_ptr<LegacySession> open(const Principal& principal = kAnn) { return table.open(principal, now += 1s); }
  bool alive(const std::shared_ptr<LegacySession>& session, const Principal& principal = kAnn) {
    return table.find(session->id(), principal, now += 1s) != nullptr;
  }
  Monotonic now{};
  SessionTable table;
};

// A client that reads all it gets.
class Reader final : public HttpReply {
 public:
  void send(HttpResponse) override {}
  void begin_stream(HttpResponse) override {}
  bool write(std::string_view piece) override {
    heard += piece;
    return true;
  }
  void finish() override { finished = true; }
  std::string heard;
  bool finished = false;
};

TEST_CASE("of too many sessions the longest idle goes", "[transport][http_session]") {
  Table t{{.sessions_max = 2}};
  const auto first = t.open();
  const auto second = t.open();
  CHECK(t.alive(first));
  const auto third = t.open();
  CHECK(t.table.size() == 2);
  CHECK(t.alive(first));
  CHECK_FALSE(t.alive(second));
  CHECK(second->peer()->closed());
}

TEST_CASE("who opens one session after the other loses his own and nobody else's", "[transport][http_session]") {
  Table t{{.sessions_max = 3}};
  const auto bobs = t.open(kBob);
  std::shared_ptr<LegacySession> last;
  for (int i = 0; i < 10; ++i) last = t.open(kAnn);
  CHECK(t.table.size() == 3);
  CHECK(t.alive(bobs, kBob));
  CHECK(t.alive(last));
  CHECK_FALSE(t.alive(bobs, kAnn));
}

TEST_CASE("time ends a session unless its client waits or listens", "[transport][http_session]") {
  Table t{{.idle_max = 1h}};
  const auto idle = t.open();
  const auto waits = t.open();
  const auto listens = t.open();
  const auto sink = std::make_shared<Collected>();
  t.mcp.receive_text({waits->peer(), sink}, hello("2025-06-18").dump());
  t.mcp.receive_text({waits->peer(), sink}, legacy(1, "tools/call", {{"name", "park"}}).dump());
  std::stop_source client;
  listens->push_stream()->attach({std::make_shared<Reader>(), client.get_token()}, 0, EventStream::Start::plain);
  t.now += 2h;
  CHECK_FALSE(t.alive(idle));
  CHECK(t.alive(waits));
  CHECK(t.alive(listens));
  t.tools.parking.answer_all({});
  client.request_stop();
  t.now += 2h;
  t.open();  // sweeps the others
  CHECK(t.table.size() == 1);
}

TEST_CASE("all sessions together keep no more bytes of events than they may", "[transport][http_session]") {
  Table t{{.kept_bytes_max = 100'000}};
  const std::string event(10'000, 'x');
  std::vector<std::shared_ptr<LegacySession>> sessions;
  for (int i = 0; i < 20; ++i) sessions.push_back(t.open());
  for (int round = 0; round < 5; ++round)
    for (const auto& session : sessions) session->push_stream()->publish(event);
  // Whoever published last keeps at least that one event.
  CHECK(t.table.kept_bytes() <= 100'000 + sessions.size() * event.size());
  const auto late = std::make_shared<Reader>();
  sessions.back()->push_stream()->attach({late}, 0, EventStream::Start::plain);
  CHECK(late->heard.find(event) != std::string::npos);
  t.table.close_all();
  sessions.clear();
  CHECK(t.table.kept_bytes() == 0);
}

TEST_CASE("one stream keeps only its last events", "[transport][http_session]") {
  EventStream stream{1, std::make_shared<KeptBytes>(std::size_t{1} << 30)};
  for (int i = 0; i < 5000; ++i) stream.publish(std::to_string(i));
  const auto late = std::make_shared<Reader>();
  stream.attach({late}, 0, EventStream::Start::plain);
  CHECK(late->heard.find("data: 4999\n") != std::string::npos);
  CHECK(late->heard.find("data: 3999\n") == std::string::npos);
}

TEST_CASE("the names of a session's streams are never used again", "[transport][http_session]") {
  Table t{{}};
  const auto session = t.open();
  const auto first = session->new_stream();
  first->publish("first");
  first->finish();
  const auto reader = std::make_shared<Reader>();
  for (int i = 0; i < 200; ++i) session->new_stream()->finish();
  CHECK_FALSE(session->find_event("1-1"));  // forgotten, and nobody else's
  const auto last = session->new_stream();
  last->attach({reader}, 0, EventStream::Start::primed);
  CHECK(reader->heard.find("id: 202-1") != std::string::npos);
}

TEST_CASE("a session is resumed from places of its own only", "[transport][http_session]") {
  Table t{{}};
  const auto session = t.open();
  session->new_stream();
  const auto id = GENERATE(as<std::string>{}, "", "-", "1", "1-", "-1", "1-x", "x-1", "99-1", "1-1-1", " 1-1",
                           "99999999999999999999-1", "1-99999999999999999999");
  CAPTURE(id);
  CHECK_FALSE(session->find_event(id));
  CHECK(session->find_event("1-1"));
  CHECK(session->find_event("0-7"));
}

}  // namespace
}  // namespace carillon::transport
