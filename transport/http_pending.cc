#include "transport/http_pending.h"

#include <utility>

namespace carillon::transport {

class PendingReply::Handle final : public HttpReply {
 public:
  explicit Handle(std::shared_ptr<PendingReply> pending) : pending_(std::move(pending)) {}
  ~Handle() override {
    finish();
    if (!pending_->answered()) send(error_response(500, "internal", "the request was dropped without an answer"));
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void send(HttpResponse response) override {
    const std::lock_guard lock{pending_->mutex_};
    if (pending_->answered_) return;
    pending_->answered_ = true;
    pending_->head_ = std::move(response);
    pending_->tell();
  }

  void begin_stream(HttpResponse head) override {
    const std::lock_guard lock{pending_->mutex_};
    if (pending_->answered_) return;
    pending_->answered_ = true;
    pending_->streams_ = true;
    pending_->unsent_ = std::exchange(head.body, {});
    pending_->head_ = std::move(head);
    pending_->tell();
  }

  bool write(std::string_view piece) override {
    const std::lock_guard lock{pending_->mutex_};
    if (!pending_->streams_ || pending_->finished_ || pending_->given_up_) return false;
    if (pending_->unsent_.size() + piece.size() > pending_->unsent_max_) {
      pending_->given_up_ = true;
    } else {
      pending_->unsent_.append(piece);
    }
    pending_->tell();
    return !pending_->given_up_;
  }

  void finish() override {
    const std::lock_guard lock{pending_->mutex_};
    if (!pending_->streams_ || pending_->finished_) return;
    pending_->finished_ = true;
    pending_->tell();
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

bool PendingReply::answered() const {
  const std::lock_guard lock{mutex_};
  return answered_;
}

bool PendingReply::streams() const {
  const std::lock_guard lock{mutex_};
  return streams_;
}

bool PendingReply::given_up() const {
  const std::lock_guard lock{mutex_};
  return given_up_;
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
