#include "transport/http_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/base/metrics.h"

namespace carillon::transport {
namespace {

constexpr std::uint64_t kDiscardMax = 256 * 1024;          // of a refused request's body, to keep the connection
constexpr std::size_t kLingerBytesMax = 64 * 1024 * 1024;  // of what a client still sends after its last answer
constexpr auto kLingerTime = std::chrono::seconds{2};
constexpr std::size_t kIdleCapacity = 4096;                 // of buffers, while a connection is idle
constexpr std::size_t kReservedBodyBytesMax = 1024 * 1024;  // before any of it is there
constexpr std::size_t kBriskBytes = 64 * 1024;              // a reader that takes so much gets another write_time
constexpr std::string_view kSilence = ":\n\n";
constexpr std::string_view kLeave = "HTTP/1.1 100 Continue\r\n\r\n";

constexpr HttpConnection::Time kNever = HttpConnection::Time::max();

void set_option(int fd, int level, int name, int value) {
  // Without one of these an answer is later or a lost client is noticed later; nothing else can be done about it.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

// A client that vanished without a word (its machine, its network) is noticed within about a minute.
void set_options(int fd, const HttpLimits& limits) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limits.write_time.count()));
}

void count_answer(int status) { metrics::count("carillon_http_requests_total", {{"status", std::to_string(status)}}); }

void release(std::string& buffer) {
  if (buffer.capacity() > kIdleCapacity) buffer = {};
  buffer.clear();
}

}  // namespace

HttpConnection::HttpConnection(process::UniqueFd fd, std::uint64_t id, Surroundings& around)
    : fd_(std::move(fd)), id_(id), around_(around) {
  set_options(fd_.get(), around_.limits);
  const Time now = std::chrono::steady_clock::now();
  since_ = now;
  enter(State::reading_head, now + around_.limits.idle_time);
}

HttpConnection::~HttpConnection() { lose(); }

void HttpConnection::note(std::uint32_t events) {
  constexpr std::uint32_t kGone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | kGone)) != 0) readable_ = true;
  if ((events & kGone) != 0) hung_up_ = true;
}

HttpConnection::Step HttpConnection::step(Time now) {
  if (!flush(now) || (now >= write_deadline_ && has_unsent())) lose();
  if (now >= deadline_) expire(now);
  while (advance(now)) continue;
  if (!flush(now)) lose();
  // What was sent at once may have made way for more.
  while (!has_unsent() && advance(now))
    if (!flush(now)) lose();
  if (state_ == State::closed) return Step::closed;
  return state_ == State::ready ? Step::ready : Step::wait;
}

bool HttpConnection::advance(Time now) {
  switch (state_) {
    case State::reading_head:
      return !has_unsent() && read_head(now);
    case State::reading_body:
      return read_body(now);
    case State::answering:
      return send_answer(now);
    case State::streaming:
      return send_pieces(now);
    case State::closing:
      return !has_unsent() && shut(now);
    case State::lingering:
      return discard();
    case State::ready:
    case State::closed:
      return false;
  }
  return false;
}

void HttpConnection::expire(Time now) {
  switch (state_) {
    case State::reading_head:
      if (heard().empty()) return lose();
      return refuse(error_response(408, "too_slow", "the request's head took too long"), now);
    case State::reading_body:
      return refuse(error_response(408, "too_slow", "the request's body took too long"), now);
    case State::streaming:
      // Also tells whether the client is still there.
      if (!has_unsent()) append_piece(kSilence);
      return enter(state_, now + around_.limits.event_silence);
    default:
      return lose();
  }
}

bool HttpConnection::read_head(Time now) {
  while (heard().starts_with("\r\n")) in_from_ += 2;  // some clients end a body so (RFC 9112 §2.2)
  const std::size_t end = heard().find(kHttpHeadEnd, searched_);
  if (end == std::string_view::npos) {
    if (heard().size() > around_.limits.header_bytes_max) {
      refuse(refuse_long_head(around_.limits), now);
      return true;
    }
    searched_ = heard().size() < kHttpHeadEnd.size() ? 0 : heard().size() - kHttpHeadEnd.size();
    const bool was_idle = heard().empty();
    const bool more = fill();
    if (more && was_idle) enter(State::reading_head, now + around_.limits.header_time);
    return more;
  }
  const std::size_t length = end + kHttpHeadEnd.size();
  auto read = read_http_head(heard().substr(0, length), around_.limits);
  in_from_ += length;
  searched_ = 0;
  if (auto* head = std::get_if<HttpHead>(&read)) {
    take_head(std::move(*head), now);
  } else {
    refuse(std::get<HttpResponse>(read), now);
  }
  return true;
}

void HttpConnection::take_head(HttpHead head, Time now) {
  head_ = std::move(head);
  keep_ = head_.keep;
  body_ = HttpBody{head_, around_.limits.body_bytes_max};
  refusal_ = around_.app.admit(head_.request);
  const bool waits = head_.has_body() && head_.waits_for_leave;
  if (refusal_ && (waits || head_.chunked || head_.content_length > kDiscardMax)) {
    keep_ = false;
    return write_answer(*std::exchange(refusal_, std::nullopt), now);
  }
  if (waits) out_.append(kLeave);
  head_.request.body.reserve(std::min<std::size_t>(head_.content_length, kReservedBodyBytesMax));
  enter(State::reading_body, now + around_.limits.body_time);
}

bool HttpConnection::read_body(Time now) {
  std::string_view bytes = heard();
  const auto state = head_.has_body() ? body_.take(bytes, head_.request.body) : HttpBody::State::finished;
  in_from_ = in_.size() - bytes.size();
  switch (state) {
    case HttpBody::State::unfinished:
      return fill();
    case HttpBody::State::malformed:
      refuse(error_response(400, "malformed", "the request's body is malformed"), now);
      return true;
    case HttpBody::State::too_large:
      refuse(refuse_long_body(around_.limits), now);
      return true;
    case HttpBody::State::finished:
      break;
  }
  if (refusal_) {
    write_answer(*std::exchange(refusal_, std::nullopt), now);
  } else {
    enter(State::ready, kNever);
  }
  return true;
}

HttpConnection::Work HttpConnection::take_request() {
  pending_ = std::make_shared<PendingReply>(around_.mailbox, id_, around_.limits.stream_unsent_bytes_max);
  answers_head_ = head_.request.method == "HEAD";
  head_.request.gone = pending_->gone_token();
  enter(State::answering, kNever);
  return {std::move(head_.request), pending_};
}

bool HttpConnection::send_answer(Time now) {
  const auto head = pending_->take_head();
  if (!head) {
    if (hung_up_) lose();
    return false;
  }
  if (!pending_->streams()) {
    pending_.reset();
    write_answer(*head, now);
    return true;
  }
  chunked_ = head_.understands_chunks;
  keep_ = keep_ && chunked_;
  events_ = head->content_type == "text/event-stream";
  count_answer(head->status);
  out_.append(http_head_text(*head, chunked_ ? BodyEnd::by_chunks : BodyEnd::by_closing, afterwards()));
  forget_taken();
  enter(State::streaming, events_ ? now + around_.limits.event_silence : kNever);
  return true;
}

bool HttpConnection::send_pieces(Time now) {
  if (has_unsent() && !hung_up_ && !pending_->given_up()) return false;
  const auto pieces = pending_->take_pieces();
  using Pieces = PendingReply::Pieces::State;
  if (hung_up_ || pieces.state == Pieces::given_up || answers_head_) {
    lose();
    return false;
  }
  append_piece(pieces.bytes);
  if (!pieces.bytes.empty() && events_) enter(state_, now + around_.limits.event_silence);
  if (pieces.state != Pieces::finished) return !pieces.bytes.empty();
  if (chunked_) append_chunk(out_, "");
  pending_.reset();
  finish_answer(now);
  return true;
}

void HttpConnection::append_piece(std::string_view piece) {
  if (piece.empty()) return;
  if (chunked_) return append_chunk(out_, piece);
  out_.append(piece);
}

void HttpConnection::write_answer(const HttpResponse& response, Time now) {
  count_answer(response.status);
  out_.append(http_head_text(response, BodyEnd::by_length, afterwards()));
  if (!answers_head_) out_.append(response.body);
  finish_answer(now);
}

void HttpConnection::finish_answer(Time now) {
  answers_head_ = false;
  if (!keep_) return enter(State::closing, kNever);
  since_ = now;
  enter(State::reading_head, now + (heard().empty() ? around_.limits.idle_time : around_.limits.header_time));
}

void HttpConnection::refuse(const HttpResponse& response, Time now) {
  keep_ = false;
  write_answer(response, now);
}

// Says goodbye such that a client that is still sending can read the answer first.
bool HttpConnection::shut(Time now) {
  if (::shutdown(fd_.get(), SHUT_WR) != 0) {
    lose();
    return false;
  }
  in_from_ = in_.size();
  enter(State::lingering, now + kLingerTime);
  return true;
}

bool HttpConnection::discard() {
  discarded_ += heard().size();
  in_from_ = in_.size();
  if (discarded_ > kLingerBytesMax) lose();
  return state_ == State::lingering && fill();
}

void HttpConnection::lose() {
  if (const auto pending = std::exchange(pending_, nullptr)) pending->client_gone();
  enter(State::closed, kNever);
}

void HttpConnection::stop() {
  const Time now = std::chrono::steady_clock::now();
  if (state_ == State::answering) {
    const auto pending = std::exchange(pending_, nullptr);
    pending->client_gone();
    refuse(error_response(503, "unavailable", "the server is stopping"), now);
    static_cast<void>(flush(now));
  }
  lose();
}

std::optional<HttpConnection::Time> HttpConnection::idle_since() const {
  if (state_ != State::reading_head || !heard().empty()) return std::nullopt;
  return since_;
}

HttpConnection::Time HttpConnection::deadline() const { return std::min(deadline_, write_deadline_); }

void HttpConnection::enter(State state, Time deadline) {
  state_ = state;
  deadline_ = deadline;
}

void HttpConnection::forget_taken() {
  in_.erase(0, std::exchange(in_from_, 0));
  if (in_.empty()) release(in_);
}

// False: nothing more is there now, or the client has closed its end.
bool HttpConnection::fill() {
  forget_taken();
  while (readable_) {
    auto& buffer = around_.read_buffer;
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      // Less than there was room for: that was all, and epoll will tell of more.
      readable_ = static_cast<std::size_t>(got) == buffer.size() || hung_up_;
      in_.append(buffer, 0, static_cast<std::size_t>(got));
      return true;
    }
    if (got < 0 && errno == EINTR) continue;
    readable_ = false;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    lose();
  }
  return false;
}

// False: the client is gone.
bool HttpConnection::flush(Time now) {
  const std::size_t before = out_from_;
  while (has_unsent()) {
    const ssize_t sent =
        ::send(fd_.get(), out_.data() + out_from_, out_.size() - out_from_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      out_from_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (write_deadline_ == kNever || out_from_ - before >= kBriskBytes)
        write_deadline_ = now + around_.limits.write_time;
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
  release(out_);
  out_from_ = 0;
  write_deadline_ = kNever;
  return true;
}

}  // namespace carillon::transport
