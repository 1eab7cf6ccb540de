#include "tests/bench/stdio_load.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "server/base/check.h"

namespace carillon::bench {
namespace {

constexpr std::size_t kPipeReadBytes = 256 * 1024;

process::Child start(const std::vector<std::string>& command) {
  process::Command how;
  how.arguments = command;
  how.errors = process::Stream::inherit;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string text{*each};
    how.environment[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  auto child = process::Child::start(how);
  if (!child.ok()) throw std::runtime_error{child.error().message};
  return std::move(*child);
}

// The id of an answer; 0 for a line that answers no call of ours. Servers write it first or last.
std::uint64_t id_of(std::string_view line) {
  constexpr std::string_view kMark = "\"id\":";
  const auto read_at = [&](std::size_t at) {
    std::uint64_t id = 0;
    if (at != std::string_view::npos) std::from_chars(line.data() + at + kMark.size(), line.data() + line.size(), id);
    return id;
  };
  const std::uint64_t first = read_at(line.find(kMark));
  return first >= kFirstId ? first : read_at(line.rfind(kMark));
}

}  // namespace

StdioLoad::StdioLoad(const std::vector<std::string>& command, CallText call, const std::vector<std::string>& greeting)
    : call_(std::move(call)), child_(start(command)) {
  for (const int fd : {child_.input().get(), child_.output().get()})
    CARILLON_CHECK(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
  for (const auto& line : greeting) unsent_ += line + "\n";
  if (!greeting.empty()) read_lines();
}

void StdioLoad::add_call() {
  const std::uint64_t id = next_id_++;
  under_way_.emplace(id, std::chrono::steady_clock::now());
  unsent_ += call_.before_id;
  unsent_.append(kIdDigits, '0');
  write_id(unsent_.data() + unsent_.size() - kIdDigits, id);
  unsent_ += call_.after_id;
  unsent_ += '\n';
}

void StdioLoad::write_some() {
  if (unsent_.empty()) return;
  const ssize_t written = ::write(child_.input().get(), unsent_.data(), unsent_.size());
  if (written < 0 && errno != EAGAIN) throw std::system_error{errno, std::generic_category(), "write"};
  if (written > 0) unsent_.erase(0, static_cast<std::size_t>(written));
}

std::vector<std::string> StdioLoad::read_lines() {
  std::vector<std::string> lines;
  while (lines.empty()) {
    write_some();
    const short also_out = unsent_.empty() ? 0 : POLLOUT;
    std::array<pollfd, 2> polled{
        {{child_.output().get(), POLLIN, 0}, {also_out != 0 ? child_.input().get() : -1, also_out, 0}}};
    if (::poll(polled.data(), polled.size(), 30'000) == 0) throw std::runtime_error{"no answer for 30 seconds"};
    if (polled[0].revents == 0) continue;
    std::array<char, kPipeReadBytes> buffer;  // NOLINT: filled by read
    const ssize_t got = ::read(child_.output().get(), buffer.data(), buffer.size());
    if (got == 0) throw std::runtime_error{"the server ended"};
    if (got < 0) continue;
    heard_.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t from = 0;
    for (std::size_t end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n', from)) {
      lines.push_back(heard_.substr(from, end - from));
      from = end + 1;
    }
    heard_.erase(0, from);
  }
  return lines;
}

Measured StdioLoad::run(const Load& load) {
  Measured measured;
  const Time started = std::chrono::steady_clock::now();
  const Time end = started + load.duration;
  for (std::size_t i = 0; i < load.callers; ++i) add_call();
  while (!under_way_.empty()) {
    for (const auto& line : read_lines()) {
      const auto call = under_way_.find(id_of(line));
      if (call == under_way_.end()) continue;  // a notification
      check_answer(line);
      const Time now = std::chrono::steady_clock::now();
      measured.took_us.push_back(microseconds_since(call->second, now));
      under_way_.erase(call);
      if (now < end) add_call();
    }
  }
  measured.lasted = std::chrono::steady_clock::now() - started;
  return measured;
}

}  // namespace carillon::bench
