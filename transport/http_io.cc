#include "transport/http_io.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "server/base/log.h"
#include "server/process/unique_fd.h"
#include "transport/http_loop.h"

namespace carillon::transport {
namespace {

constexpr int kHttpBacklog = 1024;
constexpr int kAcceptedAtOnce = 64;
constexpr unsigned kLoopsMax = 4;  // more would not serve more: handlers take the time, and have threads of their own

// The usual soft limit of 1024 would be met long before our own.
void allow_descriptors(std::size_t connections) {
  constexpr rlim_t kForTheRest = 512;
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(connections + kForTheRest, now.rlim_max);
  if (now.rlim_cur >= wanted) return;
  now.rlim_cur = wanted;
  if (::setrlimit(RLIMIT_NOFILE, &now) != 0) log::warn("the limit of open files could not be raised");
}

// Without SO_REUSEPORT, with which two daemons would share one port unnoticed.
process::UniqueFd try_listen(const addrinfo& address) {
  process::UniqueFd fd{::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int on = 1;
  const bool listens = fd.open() && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       ::bind(fd.get(), address.ai_addr, address.ai_addrlen) == 0 &&
                       ::listen(fd.get(), kHttpBacklog) == 0;
  return listens ? std::move(fd) : process::UniqueFd{};
}

process::UniqueFd listen_at(const std::string& host, int port) {
  const std::string where = host + ":" + std::to_string(port);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); problem != 0)
    throw std::system_error{EADDRNOTAVAIL, std::generic_category(), where + ": " + ::gai_strerror(problem)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all{found, ::freeaddrinfo};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    if (auto fd = try_listen(*each); fd.open()) return fd;
  throw std::system_error{errno == 0 ? EADDRINUSE : errno, std::generic_category(), "listen on " + where};
}

int port_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::system_error{errno, std::generic_category(), "getsockname"};
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::size_t loop_count() { return std::clamp(std::thread::hardware_concurrency(), 1U, kLoopsMax); }

}  // namespace

class HttpIo::House final : public HttpLoop::Door {
 public:
  House(const HttpLimits& limits, HttpApp app)
      : limits_(limits),
        app_(std::move(app)),
        relay_({.loops_max = loop_count(),
                .loans_max = limits.waiting_calls_max,
                .loans_of_one_max = limits.waiting_calls_max}) {}
  ~House() override { end(); }

  void begin(const std::string& host, int port) {
    allow_descriptors(limits_.connections_max);
    listener_ = listen_at(host, port);
    port_ = port_of(listener_.get());
    for (std::size_t i = 0; i < loop_count(); ++i) loops_.push_back(std::make_shared<HttpLoop>(limits_, app_, *this));
    loops_.front()->watch(listener_.get());
    for (const auto& loop : loops_)
      if (!relay_.start(loop)) throw std::system_error{EAGAIN, std::generic_category(), "start a thread"};
  }

  void end() {
    for (const auto& loop : loops_) loop->mailbox().put_stop();
    relay_.stop();
    loops_.clear();
    listener_.reset();
  }

  Opened open() override {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      process::UniqueFd socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
      if (socket.open()) {
        next_loop().mailbox().put_socket(std::move(socket));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log::warn("no connection can be accepted", {{"why", std::generic_category().message(errno)}});
        return Opened::paused;
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      }
    }
    return Opened::yes;
  }

  bool enter() override {
    std::size_t now = connections_;
    while (now < limits_.connections_max)
      if (connections_.compare_exchange_weak(now, now + 1)) return true;
    return false;
  }
  void leave() override { --connections_; }

  int port() const { return port_; }
  std::size_t connections() const { return connections_; }

 private:
  HttpLoop& next_loop() { return *loops_[turn_++ % loops_.size()]; }

  const HttpLimits limits_;
  const HttpApp app_;
  process::UniqueFd listener_;
  int port_ = -1;
  std::atomic<std::size_t> connections_{0};
  std::size_t turn_ = 0;
  std::vector<std::shared_ptr<HttpLoop>> loops_;
  Relay relay_;
};

HttpIo::HttpIo(const HttpLimits& limits, HttpApp app) : house_(std::make_unique<House>(limits, std::move(app))) {}
HttpIo::~HttpIo() = default;
void HttpIo::start(const std::string& host, int port) { house_->begin(host, port); }
void HttpIo::stop() { house_->end(); }
int HttpIo::port() const { return house_->port(); }
std::size_t HttpIo::connections() const { return house_->connections(); }

}  // namespace carillon::transport
