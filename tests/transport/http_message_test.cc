#include "transport/http_message.h"

#include <catch2/catch.hpp>

namespace carillon::transport {
namespace {

const HttpLimits kLimits{};

int status_of(const std::string& text, const HttpLimits& limits = kLimits) {
  const auto read = read_http_head(text, limits);
  const auto* refused = std::get_if<HttpResponse>(&read);
  return refused == nullptr ? 0 : refused->status;
}
HttpHead head_of(const std::string& text) {
  auto read = read_http_head(text, kLimits);
  REQUIRE(std::holds_alternative<HttpHead>(read));
  return std::get<HttpHead>(std::move(read));
}

TEST_CASE("a head is read into its parts", "[transport][http_message]") {
  const auto head = head_of(
      "POST /a%20b/c+d?x=1&y=a+b%21&z&=&x=2#there HTTP/1.1\r\nHost:h\r\nX-A: \t b c \r\nx-a:d\r\nContent-Length: "
      "12\r\n\r\n");
  CHECK(head.request.method == "POST");
  CHECK(head.request.path == "/a b/c+d");
  CHECK(head.request.query == std::map<std::string, std::string>{{"", ""}, {"x", "1"}, {"y", "a b!"}, {"z", ""}});
  CHECK(head.request.header("host") == "h");
  CHECK(head.request.header("X-a") == "b c");
  CHECK(head.request.headers.count("x-A") == 2);
  CHECK(head.content_length == 12);
  CHECK(head.has_body());
  CHECK(head.keep);
}

TEST_CASE("a target may be a whole address and its codes may be broken", "[transport][http_message]") {
  const auto [target, path] = GENERATE(table<std::string, std::string>({{"/", "/"},
                                                                        {"*", "*"},
                                                                        {"http://h:80/x?y", "/x"},
                                                                        {"/%4", "/%4"},
                                                                        {"/%zz%41%", "/%zzA%"},
                                                                        {"/%00", std::string("/\0", 2)}}));
  CHECK(head_of("GET " + target + " HTTP/1.1\r\n\r\n").request.path == path);
}

TEST_CASE("a connection is kept as its version and its header say", "[transport][http_message]") {
  const auto [version, header, keep] = GENERATE(table<std::string, std::string, bool>({
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Upgrade, Close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
  }));
  const auto head = head_of("GET / HTTP/" + version + "\r\n" + header + "\r\n");
  CHECK(head.keep == keep);
  CHECK(head.understands_chunks == (version == "1.1"));
}

TEST_CASE("heads that are none or could be read in two ways are refused", "[transport][http_message]") {
  const auto [text, status] = GENERATE(table<std::string, int>({
      {"\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / \r\n\r\n", 505},
      {"GET /a b HTTP/1.1\r\n\r\n", 400},
      {"GET a HTTP/1.1\r\n\r\n", 400},
      {"GET http://h HTTP/1.1\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n\r\n", 505},
      {"GET /\x01 HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA : x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n A: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: x\nB: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: x\ry\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\n", 415},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n", 415},
  }));
  CAPTURE(text);
  CHECK(status_of(text) == status);
}

TEST_CASE("heads have limits of count and size", "[transport][http_message]") {
  HttpLimits limits;
  limits.headers_max = 2;
  limits.header_bytes_max = 60;
  CHECK(status_of("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", limits) == 0);
  CHECK(status_of("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits) == 431);
  CHECK(status_of("GET / HTTP/1.1\r\nA: " + std::string(60, 'x') + "\r\n\r\n", limits) == 431);
  CHECK(status_of("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n") == 414);
}

TEST_CASE("a body is found however it is cut", "[transport][http_message]") {
  const std::string chunked = "5;x=y\r\nhello\r\nA\r\n, chunked!\r\n0\r\nTrailer: x\r\n\r\nnext";
  const std::string plain = "hello, chunked!next";
  const auto piece = GENERATE(1U, 2U, 3U, 7U, 1000U);
  for (const bool is_chunked : {true, false}) {
    HttpHead head;
    head.chunked = is_chunked;
    head.content_length = is_chunked ? 0 : 15;
    HttpBody body{head, 15};
    const std::string& text = is_chunked ? chunked : plain;
    std::string got;
    std::string_view rest;
    auto state = HttpBody::State::unfinished;
    std::size_t at = 0;
    for (; state == HttpBody::State::unfinished && at < text.size(); at += piece) {
      rest = std::string_view{text}.substr(at, piece);
      state = body.take(rest, got);
    }
    CHECK(state == HttpBody::State::finished);
    CHECK(got == "hello, chunked!");
    CHECK(std::string{rest} + (at < text.size() ? text.substr(at) : "") == "next");
  }
}

TEST_CASE("chunks that are none or too much are refused", "[transport][http_message]") {
  using State = HttpBody::State;
  const auto [text, wanted] = GENERATE(table<std::string, State>({
      {"6\r\nhello!\r\n", State::too_large},
      {"3\r\nabc\r\n3\r\nabc\r\n", State::too_large},
      {"\r\n", State::malformed},
      {"x\r\n", State::malformed},
      {"-1\r\n", State::malformed},
      {"1\nabc", State::malformed},
      {"FFFFFFFFFFFFFFFF\r\n", State::malformed},
      {"1\r\nab\r\n", State::malformed},
      {std::string(2000, '1'), State::malformed},
      {"0\r\n" + std::string(900, 'x') + "\r\n", State::unfinished},
  }));
  CAPTURE(text);
  HttpHead head;
  head.chunked = true;
  HttpBody body{head, 5};
  std::string_view bytes = text;
  std::string got;
  CHECK(body.take(bytes, got) == wanted);
}

TEST_CASE("an endless trailer is refused", "[transport][http_message]") {
  HttpHead head;
  head.chunked = true;
  HttpBody body{head, 5};
  std::string got;
  std::string_view bytes = "0\r\n";
  auto state = body.take(bytes, got);
  for (int i = 0; i < 100 && state == HttpBody::State::unfinished; ++i) {
    const std::string line = std::string(900, 'x') + "\r\n";
    bytes = line;
    state = body.take(bytes, got);
  }
  CHECK(state == HttpBody::State::malformed);
}

TEST_CASE("the head of an answer says how its end is found", "[transport][http_message]") {
  HttpResponse answer{200, "text/plain", "abc", {{"X-A", "b"}}};
  CHECK(http_head_text(answer, BodyEnd::by_length, Afterwards::keep) ==
        "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n");
  CHECK(http_head_text({202, "", "", {}}, BodyEnd::by_length, Afterwards::close) ==
        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  CHECK(http_head_text({204, "", "", {}}, BodyEnd::by_length, Afterwards::keep) == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(http_head_text({200, "text/event-stream", "", {}}, BodyEnd::by_chunks, Afterwards::keep) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string chunks;
  append_chunk(chunks, std::string(26, 'x'));
  append_chunk(chunks, "");
  CHECK(chunks == "1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace carillon::transport
