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

std::optional<std::size_t> whole_number_in(std::string_view text) {
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
  keep(std::string{data});
  if (reader_ && !reader_->reply->write(event_text(id_of(last_place_), data))) reader_.reset();
}

void EventStream::keep(std::string data) {
  bytes_ += data.size();
  kept_->now += data.size();
  events_.push_back({++last_place_, std::move(data)});
  const auto too_much = [&] {
    return events_.size() > kEventsKept || bytes_ > kEventBytesKept || kept_->now > kept_->max;
  };
  while (events_.size() > 1 && too_much()) {
    bytes_ -= events_.front().data.size();
    kept_->now -= events_.front().data.size();
    events_.pop_front();
  }
}

void EventStream::finish() {
  const std::lock_guard lock{mutex_};
  finished_ = true;
  if (reader_) reader_->reply->finish();
  reader_.reset();
}

bool EventStream::finished() const {
  const std::lock_guard lock{mutex_};
  return finished_;
}

bool EventStream::attached() const {
  const std::lock_guard lock{mutex_};
  return reader_ && !reader_->gone.stop_requested();
}

void EventStream::attach(EventReader reader, std::size_t after, Start start) {
  const std::lock_guard lock{mutex_};
  if (reader_) reader_->reply->finish();
  reader_ = std::move(reader);
  HttpReply& reply = *reader_->reply;
  if (start == Start::primed) reply.write("id: " + id_of(1) + "\ndata: \n\n");
  for (const auto& event : events_)
    if (event.place > after) reply.write(event_text(id_of(event.place), event.data));
  if (!finished_) return;
  reply.finish();
  reader_.reset();
}

void EventStream::detach(std::chrono::milliseconds retry) {
  const std::lock_guard lock{mutex_};
  if (!reader_) return;
  reader_->reply->write("retry: " + std::to_string(retry.count()) + "\n\n");
  reader_->reply->finish();
  reader_.reset();
}

LegacySession::LegacySession(McpServer& server, Principal principal, const std::shared_ptr<KeptBytes>& kept)
    : id_(random_token(kSessionIdBytes)),
      kept_(kept),
      push_(std::make_shared<EventStream>(0, kept)),
      peer_(server.connect(Peer::Kind::session, std::move(principal), std::make_shared<PushSink>(push_))) {}

std::shared_ptr<EventStream> LegacySession::new_stream() {
  return streams_.with([&](Streams& streams) {
    auto& kept = streams.kept;
    for (auto at = kept.begin(); kept.size() >= kStreamsKept && at != kept.end();)
      at = at->second->finished() ? kept.erase(at) : std::next(at);
    const std::size_t number = streams.next++;
    return kept.emplace(number, std::make_shared<EventStream>(number, kept_)).first->second;
  });
}

std::optional<LegacySession::Place> LegacySession::find_event(std::string_view event_id) {
  const std::size_t dash = event_id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = whole_number_in(event_id.substr(0, dash));
  const auto place = whole_number_in(event_id.substr(dash + 1));
  if (!number || !place) return std::nullopt;
  if (*number == 0) return Place{push_, *place};
  return streams_.with([&](const Streams& streams) -> std::optional<Place> {
    const auto found = streams.kept.find(*number);
    if (found == streams.kept.end()) return std::nullopt;
    return Place{found->second, *place};
  });
}

bool LegacySession::resumable() const {
  const auto handshake = peer_->handshake();
  return handshake && handshake->revision >= Revision::v2025_11_25;
}

bool LegacySession::busy() const { return peer_->in_flight() > 0 || push_->attached(); }

bool SessionTable::expired(const Entry& entry, Monotonic now) const {
  return now - entry.last_used > limits_.idle_max && !entry.session->busy();
}

// So that whoever opens one session after the other loses his own, and nobody else's.
SessionTable::Entries::iterator SessionTable::longest_idle_of_largest_holder(Entries& entries) {
  std::map<std::pair<std::string, std::string>, std::vector<Entries::iterator>> held;
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    const Principal& holder = at->second.session->peer()->principal();
    held[{holder.tenant, holder.agent}].push_back(at);
  }
  const auto most = std::max_element(held.begin(), held.end(),
                                     [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  return *std::min_element(most->second.begin(), most->second.end(),
                           [](const auto& a, const auto& b) { return a->second.last_used < b->second.last_used; });
}

std::shared_ptr<LegacySession> SessionTable::open(const Principal& principal, Monotonic now) {
  auto session = std::make_shared<LegacySession>(server_, principal, kept_);
  const auto evicted = entries_.with([&](Entries& entries) {
    std::vector<std::shared_ptr<LegacySession>> gone;
    for (auto at = entries.begin(); at != entries.end();) {
      const bool ends = expired(at->second, now);
      if (ends) gone.push_back(at->second.session);
      at = ends ? entries.erase(at) : std::next(at);
    }
    if (!entries.empty() && entries.size() >= limits_.sessions_max) {
      const auto one = longest_idle_of_largest_holder(entries);
      gone.push_back(one->second.session);
      entries.erase(one);
    }
    entries.emplace(session->id(), Entry{session, now});
    return gone;
  });
  for (const auto& each : evicted) close(each);
  return session;
}

std::shared_ptr<LegacySession> SessionTable::find(const std::string& id, const Principal& principal, Monotonic now) {
  bool over = false;
  auto session = entries_.with([&](Entries& entries) -> std::shared_ptr<LegacySession> {
    const auto found = entries.find(id);
    if (found == entries.end() || found->second.session->peer()->principal() != principal) return nullptr;
    over = expired(found->second, now);
    found->second.last_used = now;
    return found->second.session;
  });
  if (!over) return session;
  close(session);
  return nullptr;
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
