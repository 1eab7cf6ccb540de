#include "transport/http_session.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "transport/sealed_state.h"

namespace carillon::transport {
namespace {

constexpr std::size_t kEventsKept = 1000;
constexpr std::size_t kEventBytesKept = 4 * 1024 * 1024;
constexpr std::size_t kStreamsKept = 64;
constexpr std::size_t kSessionIdBytes = 24;

// Pushes that belong to no request go to the session's push stream.
class PushSink final : public MessageSink {
 public:
  explicit PushSink(std::shared_ptr<EventStream> stream) : stream_(std::move(stream)) {}
  void send(std::string text) override { stream_->publish(text); }
  void reply(int, std::string text) override { stream_->publish(text); }
  void abandon() override {}

 private:
  const std::shared_ptr<EventStream> stream_;
};

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

HttpResponse event_stream_head() {
  HttpResponse head{200, "text/event-stream", "", {}};
  head.headers.emplace("Cache-Control", "no-cache");
  head.headers.emplace("X-Accel-Buffering", "no");
  return head;
}

std::string event_text(std::string_view id, std::string_view data) {
  std::string text = "event: message\n";
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  return text.append("data: ").append(data).append("\n\n");
}

std::string EventStream::id_of(std::size_t place) const {
  return std::to_string(number_) + "-" + std::to_string(place);
}

void EventStream::publish(std::string_view data) {
  const std::lock_guard lock{mutex_};
  if (finished_) return;
  events_.push_back({++last_place_, std::string{data}});
  bytes_ += data.size();
  while (events_.size() > kEventsKept || (bytes_ > kEventBytesKept && events_.size() > 1)) {
    bytes_ -= events_.front().data.size();
    events_.pop_front();
  }
  if (attached_ && !attached_->write(event_text(id_of(last_place_), data))) attached_ = nullptr;
}

void EventStream::finish() {
  const std::lock_guard lock{mutex_};
  finished_ = true;
  if (attached_) attached_->finish();
  attached_ = nullptr;
}

bool EventStream::finished() const {
  const std::lock_guard lock{mutex_};
  return finished_;
}

void EventStream::attach(std::shared_ptr<HttpReply> reply, std::size_t after, Start start) {
  const std::lock_guard lock{mutex_};
  if (attached_) attached_->finish();
  attached_ = std::move(reply);
  if (start == Start::primed) attached_->write("id: " + id_of(1) + "\ndata: \n\n");
  for (const auto& event : events_)
    if (event.place > after) attached_->write(event_text(id_of(event.place), event.data));
  if (!finished_) return;
  attached_->finish();
  attached_ = nullptr;
}

void EventStream::detach(std::chrono::milliseconds retry) {
  const std::lock_guard lock{mutex_};
  if (!attached_) return;
  attached_->write("retry: " + std::to_string(retry.count()) + "\n\n");
  attached_->finish();
  attached_ = nullptr;
}

LegacySession::LegacySession(std::string id, McpServer& server, Principal principal)
    : id_(std::move(id)),
      push_(std::make_shared<EventStream>(0)),
      peer_(server.connect(Peer::Kind::session, std::move(principal), std::make_shared<PushSink>(push_))) {}

std::shared_ptr<EventStream> LegacySession::new_stream() {
  return streams_.with([](auto& streams) {
    const std::size_t number = streams.empty() ? 1 : streams.rbegin()->first + 1;
    for (auto at = streams.begin(); streams.size() >= kStreamsKept && at != streams.end();)
      at = at->second->finished() ? streams.erase(at) : std::next(at);
    auto stream = std::make_shared<EventStream>(number);
    streams.emplace(number, stream);
    return stream;
  });
}

std::optional<LegacySession::Place> LegacySession::find_event(std::string_view event_id) {
  const std::size_t dash = event_id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = number_in(event_id.substr(0, dash));
  const auto place = number_in(event_id.substr(dash + 1));
  if (!number || !place) return std::nullopt;
  if (*number == 0) return Place{push_, *place};
  return streams_.with([&](const auto& streams) -> std::optional<Place> {
    const auto found = streams.find(*number);
    if (found == streams.end()) return std::nullopt;
    return Place{found->second, *place};
  });
}

bool LegacySession::resumable() const {
  const auto handshake = peer_->handshake();
  return handshake && handshake->revision >= Revision::v2025_11_25;
}

std::shared_ptr<LegacySession> SessionTable::open(const Principal& principal) {
  auto session = std::make_shared<LegacySession>(random_token(kSessionIdBytes), server_, principal);
  const Time now = std::chrono::steady_clock::now();
  const auto evicted = entries_.with([&](Entries& entries) {
    std::vector<std::shared_ptr<LegacySession>> gone;
    for (auto at = entries.begin(); at != entries.end();) {
      const bool idle = now - at->second.last_used > idle_max_ && at->second.session->peer()->in_flight() == 0;
      if (idle) gone.push_back(at->second.session);
      at = idle ? entries.erase(at) : std::next(at);
    }
    if (entries.size() >= sessions_max_) {
      const auto oldest = std::min_element(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.second.last_used < b.second.last_used;
      });
      gone.push_back(oldest->second.session);
      entries.erase(oldest);
    }
    entries.emplace(session->id(), Entry{session, now});
    return gone;
  });
  for (const auto& each : evicted) close(each);
  return session;
}

std::shared_ptr<LegacySession> SessionTable::find(const std::string& id, const Principal& principal) {
  return entries_.with([&](Entries& entries) -> std::shared_ptr<LegacySession> {
    const auto found = entries.find(id);
    if (found == entries.end() || found->second.session->peer()->principal() != principal) return nullptr;
    found->second.last_used = std::chrono::steady_clock::now();
    return found->second.session;
  });
}

void SessionTable::close(const std::shared_ptr<LegacySession>& session) {
  entries_.with([&](Entries& entries) { entries.erase(session->id()); });
  server_.disconnect(session->peer());
  session->push_stream()->finish();
}

void SessionTable::close_all() {
  const auto all = entries_.with([](Entries& entries) { return std::exchange(entries, {}); });
  for (const auto& [id, entry] : all) close(entry.session);
}

std::size_t SessionTable::size() const {
  return entries_.with([](const Entries& entries) { return entries.size(); });
}

}  // namespace carillon::transport
