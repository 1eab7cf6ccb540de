#include "transport/http_pending.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace carillon::transport {

Waker::Waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_.open()) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

void Waker::wake() {
  const std::uint64_t one = 1;
  // It can only be full, and then the thread is awake already.
  if (::write(fd_.get(), &one, sizeof one) < 0) return;
}

void Waker::clear() {
  std::uint64_t count = 0;
  // It can only be empty.
  if (::read(fd_.get(), &count, sizeof count) < 0) return;
}

class PendingReply::Handle final : public HttpReply {
 public:
  explicit Handle(std::shared_ptr<PendingReply> pending) : pending_(std::move(pending)) {}
  ~Handle() override {
    finish();
    send(error_response(500, "internal", "the request was dropped without an answer"));
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void send(HttpResponse response) override {
    const std::lock_guard lock{pending_->mutex_};
    if (pending_->answered_) return;
    pending_->answered_ = true;
    pending_->head_ = std::move(response);
    pending_->waker_->wake();
  }

  void begin_stream(HttpResponse head) override {
    const std::lock_guard lock{pending_->mutex_};
    if (pending_->answered_) return;
    pending_->answered_ = true;
    pending_->streams_ = true;
    pending_->unsent_ = std::exchange(head.body, {});
    pending_->head_ = std::move(head);
    pending_->waker_->wake();
  }

  bool write(std::string_view piece) override {
    const std::lock_guard lock{pending_->mutex_};
    if (!pending_->streams_ || pending_->finished_ || pending_->given_up_) return false;
    if (pending_->unsent_.size() + piece.size() > pending_->unsent_max_) {
      pending_->given_up_ = true;
    } else {
      pending_->unsent_.append(piece);
    }
    pending_->waker_->wake();
    return !pending_->given_up_;
  }

  void finish() override {
    const std::lock_guard lock{pending_->mutex_};
    if (!pending_->streams_ || pending_->finished_) return;
    pending_->finished_ = true;
    pending_->waker_->wake();
  }

 private:
  const std::shared_ptr<PendingReply> pending_;
};

std::shared_ptr<HttpReply> PendingReply::handle(const std::shared_ptr<PendingReply>& pending) {
  return std::make_shared<Handle>(pending);
}

std::optional<HttpResponse> PendingReply::take_head() {
  const std::lock_guard lock{mutex_};
  return std::exchange(head_, std::nullopt);
}

bool PendingReply::streams() const {
  const std::lock_guard lock{mutex_};
  return streams_;
}

PendingReply::Pieces PendingReply::take_pieces() {
  const std::lock_guard lock{mutex_};
  Pieces pieces{std::exchange(unsent_, {}), Pieces::State::open};
  if (finished_) pieces.state = Pieces::State::finished;
  if (given_up_) pieces.state = Pieces::State::given_up;
  return pieces;
}

void PendingReply::client_gone() {
  {
    const std::lock_guard lock{mutex_};
    given_up_ = true;
    unsent_ = {};
  }
  gone_.request_stop();
}

}  // namespace carillon::transport
