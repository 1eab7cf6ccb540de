#include "tests/bench/http_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

namespace carillon::bench {
namespace {

constexpr std::size_t kSocketReadBytes = 64 * 1024;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

process::UniqueFd connect_to(int port) {
  process::UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
  return fd;
}

void send_all(int fd, std::string_view text) {
  // A request is far smaller than a socket's buffer, and the one before it has been answered.
  if (::send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) fail("send");
}

// Servers close connections that were idle between two loads; Node's does so after five seconds.
bool was_closed(int fd) {
  char next = 0;
  return ::recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

// The length of the answer at the start of `text`; nothing while it is not all there.
std::optional<std::size_t> answer_length(std::string_view text) {
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  const std::string_view head = text.substr(0, head_end);
  for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const std::size_t at = head.find(name);
    if (at == std::string_view::npos) continue;
    const std::size_t length = head_end + 4 + std::stoul(std::string{head.substr(at + name.size())});
    return text.size() < length ? std::nullopt : std::optional{length};
  }
  const std::size_t end = text.find("\r\n0\r\n\r\n", head_end);
  return end == std::string_view::npos ? std::nullopt : std::optional{end + 7};
}

}  // namespace

HttpLoad::HttpLoad(HttpTarget target, const CallText& call)
    : target_(std::move(target)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  const std::size_t length = call.before_id.size() + kIdDigits + call.after_id.size();
  request_ = "POST " + target_.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
             "Accept: application/json, text/event-stream\r\n" + target_.headers +
             "Content-Length: " + std::to_string(length) + "\r\n\r\n" + call.before_id;
  id_at_ = request_.size();
  request_ += std::string(kIdDigits, '0') + call.after_id;
}

void HttpLoad::connect(Connection& connection) {
  connection.fd = connect_to(target_.port);  // closing the old one takes it out of epoll, too
  epoll_event event{EPOLLIN, {.ptr = &connection}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd.get(), &event) != 0) fail("epoll_ctl");
}

void HttpLoad::connect_up_to(std::size_t count) {
  connections_.reserve(1024);  // epoll has their addresses
  for (auto& connection : connections_)
    if (was_closed(connection.fd.get())) connect(connection);
  while (connections_.size() < count) {
    connections_.push_back({{}, request_, {}, 0, {}});
    connect(connections_.back());
  }
}

void HttpLoad::send_next(Connection& connection) {
  connection.id = next_id_++;
  write_id(connection.request.data() + id_at_, connection.id);
  connection.sent = std::chrono::steady_clock::now();
  send_all(connection.fd.get(), connection.request);
}

// True once the answer is complete.
bool HttpLoad::receive(Connection& connection) {
  std::array<char, kSocketReadBytes> buffer;  // NOLINT: filled by recv
  const ssize_t got = ::recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  if (got <= 0) throw std::runtime_error{"the server closed a connection after " + connection.heard};
  connection.heard.append(buffer.data(), static_cast<std::size_t>(got));
  const auto length = answer_length(connection.heard);
  if (!length) return false;
  const std::string_view answer = connection.heard;
  if (!answer.starts_with("HTTP/1.1 200 ") || *length != answer.size())
    throw std::runtime_error{"not one answer with status 200: " + connection.heard};
  if (answer.find(std::to_string(connection.id)) == std::string_view::npos)
    throw std::runtime_error{"an answer to another call: " + connection.heard};
  check_answer(answer);
  connection.heard.clear();
  return true;
}

Measured HttpLoad::run(const Load& load) {
  connect_up_to(load.callers);
  Measured measured;
  const Time started = std::chrono::steady_clock::now();
  const Time end = started + load.duration;
  for (std::size_t i = 0; i < load.callers; ++i) send_next(connections_[i]);
  std::size_t under_way = load.callers;
  std::array<epoll_event, 256> events{};
  while (under_way > 0) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), events.size(), 30'000);
    if (ready == 0) throw std::runtime_error{"no answer for 30 seconds"};
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!receive(connection)) continue;
      const Time now = std::chrono::steady_clock::now();
      measured.took_us.push_back(microseconds_since(connection.sent, now));
      if (now < end) {
        send_next(connection);
      } else {
        --under_way;
      }
    }
  }
  measured.lasted = std::chrono::steady_clock::now() - started;
  return measured;
}

process::UniqueFd open_listener(const HttpTarget& target, const std::string& request) {
  auto fd = connect_to(target.port);
  send_all(fd.get(), request);
  std::string heard;
  std::array<char, 4096> buffer{};
  while (heard.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) throw std::runtime_error{"a listener was not let in: " + heard};
    heard.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (!heard.starts_with("HTTP/1.1 200 ")) throw std::runtime_error{"a listener was refused: " + heard};
  return fd;
}

}  // namespace carillon::bench
