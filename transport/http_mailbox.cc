#include "transport/http_mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace carillon::transport {

HttpMailbox::HttpMailbox() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_.open()) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

template <class Put>
void HttpMailbox::put_with(Put&& put) {
  const bool asleep = state_.with([&](State& s) {
    put(s);
    return std::exchange(s.asleep, false);
  });
  const std::uint64_t one = 1;
  // The counter can only be full if a wake-up is already on its way.
  if (asleep && ::write(fd_.get(), &one, sizeof one) < 0) return;
}

void HttpMailbox::put(std::uint64_t connection) {
  put_with([&](State& s) { s.content.connections.push_back(connection); });
}

void HttpMailbox::put_socket(process::UniqueFd socket) {
  put_with([&](State& s) { s.content.sockets.push_back(std::move(socket)); });
}

void HttpMailbox::put_stop() {
  put_with([](State& s) { s.content.stop = true; });
}

void HttpMailbox::wake() {
  put_with([](State& s) { s.called = true; });
}

HttpMailbox::Content HttpMailbox::take() {
  return state_.with([](State& s) {
    s.called = false;
    return std::exchange(s.content, {});
  });
}

bool HttpMailbox::fall_asleep() {
  return state_.with([](State& s) {
    s.asleep = s.content.empty() && !s.called;
    return s.asleep;
  });
}

void HttpMailbox::wake_up() {
  state_.with([](State& s) { s.asleep = false; });
}

void HttpMailbox::clear() {
  std::uint64_t count = 0;
  // It can only be empty.
  if (::read(fd_.get(), &count, sizeof count) < 0) return;
}

}  // namespace carillon::transport
