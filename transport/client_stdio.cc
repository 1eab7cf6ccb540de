#include "transport/client_stdio.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>

namespace carillon::transport {
namespace {

constexpr std::size_t kChildReadBytes = 64u << 10;
constexpr int kReadsInARow = 16;  // then others get their turn

struct Outgoing {
  std::optional<std::int64_t> request;
  std::string text;
  std::size_t written = 0;
};

// Everything that must live until the child is gone, whoever lets go of the wire before.
class StdioServer : public std::enable_shared_from_this<StdioServer> {
 public:
  StdioServer(ClientLoop& loop, StdioOptions options, std::shared_ptr<ErrorTail> errors)
      : loop_(loop), options_(std::move(options)), errors_(std::move(errors)) {}

  std::optional<ClientFailure> open(WireListener& listener);
  std::optional<ClientFailure> send(WireMessage message);
  Reached withdraw(std::int64_t request);
  void close(std::function<void()> gone);

 private:
  void watch_all();
  void take_output();
  void take_errors();
  void take_bytes(std::string_view bytes);
  void write_queued();
  void ended();
  void fail(ClientFailure failure);
  void let_go(process::UniqueFd& fd);
  void insist(int signal, Duration grace);

  ClientLoop& loop_;
  StdioOptions options_;
  std::shared_ptr<ErrorTail> errors_;
  std::optional<process::Child> child_;
  WireListener* listener_ = nullptr;  // null: nobody listens any more
  std::deque<Outgoing> queue_;
  std::size_t queued_bytes_ = 0;
  bool writable_watched_ = false;
  std::string line_;
  std::function<void()> gone_;
  bool closing_ = false;
};

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

std::optional<ClientFailure> StdioServer::open(WireListener& listener) {
  auto child = process::Child::start(options_.command);
  if (!child.ok())
    return ClientFailure{ClientFailureKind::cannot_start, child.error().message, Reached::no, std::nullopt};
  child_ = *std::move(child);
  listener_ = &listener;
  for (const int fd : {child_->input().get(), child_->output().get(), child_->errors().get()}) set_nonblocking(fd);
  watch_all();
  return std::nullopt;
}

void StdioServer::watch_all() {
  // The handlers keep this object alive until the descriptors are let go.
  loop_.watch(child_->output().get(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->take_output(); });
  loop_.watch(child_->errors().get(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->take_errors(); });
  loop_.watch(child_->exit_fd(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->ended(); });
  loop_.watch(child_->input().get(), 0, [self = shared_from_this()](std::uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP)) return self->let_go(self->child_->input());  // it closed its stdin
    self->write_queued();
  });
}

std::optional<ClientFailure> StdioServer::send(WireMessage message) {
  if (!child_ || !child_->input().open() || closing_)
    return ClientFailure{ClientFailureKind::unreachable, "the server's process has ended", Reached::no, std::nullopt};
  if (queued_bytes_ + message.text.size() > options_.queue_bytes_max)
    return ClientFailure{ClientFailureKind::unreachable, "the server does not read what it is sent", Reached::no,
                         std::nullopt};
  message.text.push_back('\n');
  queued_bytes_ += message.text.size();
  queue_.push_back({message.request, std::move(message.text), 0});
  write_queued();
  return std::nullopt;
}

void StdioServer::write_queued() {
  while (!queue_.empty() && child_->input().open()) {
    Outgoing& next = queue_.front();
    const ssize_t put =
        ::write(child_->input().get(), next.text.data() + next.written, next.text.size() - next.written);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) break;
    if (put < 0) return let_go(child_->input());  // it closed its stdin; its exit will say why
    next.written += static_cast<std::size_t>(put);
    queued_bytes_ -= static_cast<std::size_t>(put);
    if (next.written == next.text.size()) queue_.pop_front();
  }
  const bool want = !queue_.empty();
  if (want != writable_watched_ && child_->input().open())
    loop_.change(child_->input().get(), want ? std::uint32_t{EPOLLOUT} : 0u);
  writable_watched_ = want;
}

Reached StdioServer::withdraw(std::int64_t request) {
  for (auto each = queue_.begin(); each != queue_.end(); ++each) {
    if (each->request != request || each->written > 0) continue;
    queued_bytes_ -= each->text.size();
    queue_.erase(each);
    return Reached::no;
  }
  return Reached::maybe;
}

void StdioServer::take_output() {
  std::array<char, kChildReadBytes> block;
  for (int i = 0; i < kReadsInARow && child_->output().open(); ++i) {
    const ssize_t got = ::read(child_->output().get(), block.data(), block.size());
    if (got > 0) {
      take_bytes({block.data(), static_cast<std::size_t>(got)});
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    // It may close stdout and live on: then nothing more can come from it. Most often it is ending, and its exit, which
    // says more, is told a moment later.
    let_go(child_->output());
    loop_.after(std::chrono::milliseconds{200}, [self = shared_from_this()] {
      if (self->listener_)
        self->fail({ClientFailureKind::died, "the server closed its output", Reached::maybe, std::nullopt});
    });
  }
}

void StdioServer::take_bytes(std::string_view bytes) {
  while (!bytes.empty() && listener_) {
    const auto end = bytes.find('\n');
    if (line_.size() + std::min(end, bytes.size()) > options_.line_bytes_max)
      return fail({ClientFailureKind::protocol,
                   "the server sent more than " + std::to_string(options_.line_bytes_max) +
                       " bytes in one message; let it answer less",
                   Reached::maybe, std::nullopt});
    line_.append(bytes.substr(0, end));
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    std::string line;
    line.swap(line_);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) listener_->on_message(line, std::nullopt, 200);
  }
}

void StdioServer::take_errors() {
  std::array<char, kChildReadBytes> block;
  for (int i = 0; i < kReadsInARow && child_->errors().open(); ++i) {
    const ssize_t got = ::read(child_->errors().get(), block.data(), block.size());
    if (got > 0)
      errors_->with([&](auto& tail) { tail.append({block.data(), static_cast<std::size_t>(got)}); });
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
      let_go(child_->errors());
    else if (errno == EAGAIN)
      return;
  }
}

// The process is gone: read what it left in its pipes, then say so.
void StdioServer::ended() {
  const auto self = shared_from_this();
  if (child_->output().open() && listener_) take_output();
  if (child_->errors().open()) take_errors();
  const auto exit = child_->poll_exit();
  if (!exit) return;
  loop_.unwatch(child_->exit_fd());
  for (auto* fd : {&child_->input(), &child_->output(), &child_->errors()}) let_go(*fd);
  if (auto* listener = std::exchange(listener_, nullptr))
    listener->on_closed({ClientFailureKind::died, "the server " + describe(*exit), Reached::maybe, std::nullopt});
  child_.reset();
  if (gone_) std::exchange(gone_, nullptr)();
}

void StdioServer::fail(ClientFailure failure) {
  const auto self = shared_from_this();
  auto* listener = std::exchange(listener_, nullptr);
  close(std::move(gone_));
  if (listener) listener->on_closed(failure);
}

void StdioServer::let_go(process::UniqueFd& fd) {
  if (!fd.open()) return;
  loop_.unwatch(fd.get());
  fd.reset();
}

void StdioServer::close(std::function<void()> gone) {
  listener_ = nullptr;
  if (!child_) {
    if (gone) loop_.post(std::move(gone));
    return;
  }
  if (gone) gone_ = std::move(gone);
  if (std::exchange(closing_, true)) return;
  if (queue_.empty()) let_go(child_->input());
  loop_.after(options_.grace_for_end_of_input,
              [self = shared_from_this()] { self->insist(SIGTERM, self->options_.grace_for_sigterm); });
}

void StdioServer::insist(int signal, Duration grace) {
  if (!child_) return;
  let_go(child_->input());
  child_->signal_group(signal);
  if (signal != SIGKILL) loop_.after(grace, [self = shared_from_this()] { self->insist(SIGKILL, Duration::zero()); });
}

class StdioWire final : public ClientWire {
 public:
  StdioWire(ClientLoop& loop, StdioOptions options, std::shared_ptr<ErrorTail> errors)
      : server_(std::make_shared<StdioServer>(loop, std::move(options), std::move(errors))) {}
  ~StdioWire() override { server_->close(nullptr); }

  std::optional<ClientFailure> open(WireListener& listener) override { return server_->open(listener); }
  std::optional<ClientFailure> send(WireMessage message) override { return server_->send(std::move(message)); }
  Reached withdraw(std::int64_t request) override { return server_->withdraw(request); }
  void agree(Revision) override {}  // all metadata is in the body
  void listen() override {}
  bool closing_cancels() const override { return false; }
  bool can_start_afresh() const override { return true; }
  void close(std::function<void()> gone) override { server_->close(std::move(gone)); }

 private:
  std::shared_ptr<StdioServer> server_;
};

}  // namespace

std::unique_ptr<ClientWire> make_stdio_wire(ClientLoop& loop, StdioOptions options, std::shared_ptr<ErrorTail> errors) {
  return std::make_unique<StdioWire>(loop, std::move(options), std::move(errors));
}

}  // namespace carillon::transport
