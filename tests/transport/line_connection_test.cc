#include "transport/line_connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

namespace carillon::transport {
namespace {

using namespace std::chrono_literals;
using process::UniqueFd;

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours = UniqueFd{ends[0]};
    theirs = UniqueFd{ends[1]};
  }
  void say(std::string_view text) const {
    REQUIRE(::send(theirs.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  void hang_up() const { REQUIRE(::shutdown(theirs.get(), SHUT_WR) == 0); }
  UniqueFd ours;
  UniqueFd theirs;
};

struct Heard {
  std::vector<std::string> lines;
  int too_long = 0;
  LineEvents events() {
    return {[this](std::string_view line) {
              lines.emplace_back(line);
              return LineEvents::After::go_on;
            },
            [this] { ++too_long; }, [] { return false; }};
  }
};

LineConnection::End run(LineConnection& connection, const LineEvents& events, std::chrono::milliseconds drain,
                        const std::stop_token& stop = {}) {
  connection.begin(drain, stop);
  while (connection.round(events) == LineConnection::Round::again) continue;
  return connection.end();
}

TEST_CASE("lines are found however they are cut", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {}};
  pair.say("one\ntwo\r\n\n  \r\nthr");
  pair.say("ee\nlast without an end");
  pair.hang_up();
  Heard heard;
  CHECK(run(connection, heard.events(), 1s) == LineConnection::End::closed);
  CHECK(heard.lines == std::vector<std::string>{"one", "two", "three", "last without an end"});
}

TEST_CASE("a line that is too long is reported once and skipped", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {10, 1000}};
  pair.say("12345678901\n1234567890\nab" + std::string(5000, 'x'));
  pair.say("yz\nshort\n");
  pair.hang_up();
  Heard heard;
  run(connection, heard.events(), 1s);
  CHECK(heard.lines == std::vector<std::string>{"1234567890", "short"});
  CHECK(heard.too_long == 2);
}

TEST_CASE("a peer that does not read is given up when too much waits for it", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {1000, 1'000'000}};
  const std::string line(100'000, 'x');
  int written = 0;
  while (written < 1000 && connection.write_line(line)) ++written;
  CHECK(written < 100);
  CHECK(connection.broken());
  Heard heard;
  CHECK(run(connection, heard.events(), 1s) == LineConnection::End::broken);
}

TEST_CASE("what a slow peer did not take at once is sent while it reads", "[transport][line_connection]") {
  const auto kind = GENERATE(0, 1);  // a socket and a pipe
  Pair pair;
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
  UniqueFd pipe_read{pipe_ends[0]};
  UniqueFd pipe_write{pipe_ends[1]};
  const int out = kind == 0 ? pair.ours.get() : pipe_write.get();
  const int from = kind == 0 ? pair.theirs.get() : pipe_read.get();
  LineConnection connection{pair.ours.get(), out, {}};
  const std::string line(3'000'000, 'x');
  REQUIRE(connection.write_line(line));
  REQUIRE(connection.write_line("end"));
  std::string got;
  std::jthread reader{[&] {
    char buffer[65536];
    while (!got.ends_with("end\n")) {
      const ssize_t count = ::read(from, buffer, sizeof buffer);
      if (count <= 0) return;
      got.append(buffer, static_cast<std::size_t>(count));
    }
  }};
  pair.hang_up();
  Heard heard;
  CHECK(run(connection, heard.events(), 20s) == LineConnection::End::closed);
  reader.join();
  CHECK(got == line + "\nend\n");
}

TEST_CASE("a request to stop ends the wait for lines", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {}};
  std::stop_source stop;
  auto ended = std::async(std::launch::async, [&] {
    Heard heard;
    return run(connection, heard.events(), 1s, stop.get_token());
  });
  stop.request_stop();
  CHECK(ended.get() == LineConnection::End::stopped);
}

TEST_CASE("after the end of input what is still being answered may be sent", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {}};
  std::atomic<int> asked{0};
  pair.hang_up();
  Heard heard;
  auto events = heard.events();
  events.has_more_to_send = [&] { return ++asked < 3; };
  CHECK(run(connection, events, 20s) == LineConnection::End::closed);
  CHECK(asked == 3);
}

TEST_CASE("what is written while lines are taken leaves in one piece", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {}};
  pair.say("one\ntwo\nthree\n");
  pair.hang_up();
  LineEvents events{[&](std::string_view line) {
                      CHECK(connection.write_line(std::string{line}));
                      char nothing = 0;
                      CHECK(::recv(pair.theirs.get(), &nothing, 1, MSG_DONTWAIT) == -1);
                      return LineEvents::After::go_on;
                    },
                    [] {}, [] { return false; }};
  CHECK(run(connection, events, 1s) == LineConnection::End::closed);
  char buffer[100];
  CHECK(std::string(buffer, static_cast<std::size_t>(::recv(pair.theirs.get(), buffer, sizeof buffer, 0))) ==
        "one\ntwo\nthree\n");
}

TEST_CASE("what is written while the connection sleeps is sent by the writer", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {}};
  std::stop_source stop;
  auto ended = std::async(std::launch::async, [&] {
    Heard heard;
    return run(connection, heard.events(), 1s, stop.get_token());
  });
  for (const std::string word : {"a", "b", "c"}) {
    REQUIRE(connection.write_line(word));
    char buffer[2];
    REQUIRE(::recv(pair.theirs.get(), buffer, sizeof buffer, MSG_WAITALL) == 2);
    CHECK(std::string(buffer, 2) == word + "\n");
  }
  stop.request_stop();
  CHECK(ended.get() == LineConnection::End::stopped);
}

TEST_CASE("another thread goes on after the line that was left with the first one", "[transport][line_connection]") {
  Pair pair;
  LineConnection connection{pair.ours.get(), pair.ours.get(), {}};
  pair.say("slow\nquick\n");
  pair.hang_up();
  std::vector<std::string> lines;
  const LineEvents events{[&](std::string_view line) {
                            lines.emplace_back(line);
                            return line == "slow" ? LineEvents::After::leave : LineEvents::After::go_on;
                          },
                          [] {}, [] { return false; }};
  connection.begin(1s, {});
  while (connection.round(events) == LineConnection::Round::again) continue;
  CHECK(lines == std::vector<std::string>{"slow"});
  std::jthread{[&] {
    while (connection.round(events) == LineConnection::Round::again) continue;
  }}.join();
  CHECK(lines == std::vector<std::string>{"slow", "quick"});
}

}  // namespace
}  // namespace carillon::transport
