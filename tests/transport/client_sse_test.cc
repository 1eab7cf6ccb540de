#include "transport/client_sse.h"

#include <catch2/catch.hpp>

using carillon::transport::SseReader;

namespace {
std::vector<std::string> read_all(const std::string& stream, std::size_t step) {
  SseReader reader{1000};
  std::vector<std::string> events;
  for (std::size_t i = 0; i < stream.size(); i += step)
    for (auto& event : reader.take(std::string_view{stream}.substr(i, step))) events.push_back(std::move(event));
  return events;
}
}  // namespace

TEST_CASE("events are read whatever the pieces they come in", "[transport][client_sse]") {
  const std::string stream =
      "\xEF\xBB\xBF: a comment\n\nid: 7\ndata:\n\nevent: message\ndata: {\"a\":1}\n\n"
      "data: one\r\ndata:two\r\n\r\ndata: cr\r\rdatabase: no\n\nretry: 5\ndata: last\n\ndata: never ended";
  const std::vector<std::string> expected{"{\"a\":1}", "one\ntwo", "cr", "last"};
  for (std::size_t step = 1; step < 12; ++step) CHECK(read_all(stream, step) == expected);
  CHECK(read_all(stream, stream.size()) == expected);
}

TEST_CASE("the id of the last whole event and the wish for a pause are kept", "[transport][client_sse]") {
  SseReader reader{1000};
  CHECK_FALSE(reader.retry());
  CHECK(reader.take("id: event-1\nretry: 500\ndata: \n\n").empty());
  CHECK(reader.last_event_id() == "event-1");
  CHECK(reader.retry() == carillon::Duration{std::chrono::milliseconds{500}});
  CHECK(reader.take("id: 2\ndata: x\nretry: soon\nretry: -1\n").empty());
  CHECK(reader.last_event_id() == "event-1");  // the event is not whole yet
  CHECK(reader.take("\ndata: y\n\n").size() == 2);
  CHECK(reader.last_event_id() == "2");
  CHECK(reader.retry() == carillon::Duration{std::chrono::milliseconds{500}});
}

TEST_CASE("an event larger than the limit ends the reading", "[transport][client_sse]") {
  SseReader reader{100};
  CHECK(reader.take("data: " + std::string(50, 'x')).empty());
  CHECK_FALSE(reader.overflowed());
  std::string long_line(60, 'x');
  long_line += "\n\n";
  CHECK(reader.take(long_line).empty());
  CHECK(reader.overflowed());
}
