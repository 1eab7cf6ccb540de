// Legacy sessions over HTTP: who holds which Mcp-Session-Id, and the event streams of a session, which may lose their
// connection and be resumed.
//
// Everything is bounded: sessions (of the caller who has most, the longest idle goes), their idle time, streams of a
// session, events kept of a stream and of all together. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "transport/http_handler.h"
#include "transport/peer.h"
#include "transport/server.h"
#include "transport/stream_slots.h"

namespace carillon::transport {

HttpResponse event_stream_head();
// One server-sent event; without an id where it is empty.
std::string event_text(std::string_view id, std::string_view data);

// The bytes that all event streams of an endpoint keep for clients that come back. When there are too many, whoever
// publishes next forgets his own oldest events.
struct KeptBytes {
  explicit KeptBytes(std::size_t most) : max(most) {}
  const std::size_t max;
  std::atomic<std::size_t> now{0};
};

// Where the events of a stream go: an answer that was begun, until its client has gone.
struct EventReader {
  std::shared_ptr<HttpReply> reply;
  std::stop_token gone{};
  std::shared_ptr<StreamSlots::Slot> slot{};
};

// The events of one stream, each with an id that names stream and place; kept for a client that comes back.
class EventStream {
 public:
  EventStream(std::size_t number, std::shared_ptr<KeptBytes> kept) : number_(number), kept_(std::move(kept)) {}
  ~EventStream() { kept_->now -= bytes_; }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  void publish(std::string_view data);
  // No more events will come: whoever is attached, or comes later, gets what there is and then the end.
  void finish();
  bool finished() const;
  // Sends events after `after` (0: from the beginning) to this reader from now on; an earlier one ends. With
  // `primed` the first event has an id and no data, so that the client can come back before anything happened.
  enum class Start { plain, primed };
  void attach(EventReader reader, std::size_t after, Start start);
  // Ends the reply, not the stream. The client is told to come back after `retry`.
  void detach(std::chrono::milliseconds retry);
  // Whether a client is reading.
  bool attached() const;

 private:
  struct Event {
    std::size_t place;
    std::string data;
  };
  std::string id_of(std::size_t place) const;
  void keep(std::string data);

  const std::size_t number_;
  const std::shared_ptr<KeptBytes> kept_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::size_t last_place_ = 1;  // place 1 is the priming event
  std::optional<EventReader> reader_;
  bool finished_ = false;
};

class LegacySession {
 public:
  LegacySession(McpServer& server, Principal principal, const std::shared_ptr<KeptBytes>& kept);

  const std::string& id() const { return id_; }
  const std::shared_ptr<Peer>& peer() const { return peer_; }
  std::shared_ptr<EventStream> push_stream() const { return push_; }
  std::shared_ptr<EventStream> new_stream();
  // The stream and the place an event id of ours names.
  struct Place {
    std::shared_ptr<EventStream> stream;
    std::size_t after = 0;
  };
  std::optional<Place> find_event(std::string_view event_id);
  bool resumable() const;
  // Whether anything is being answered or listened to; then time does not end it.
  bool busy() const;

 private:
  const std::string id_;
  const std::shared_ptr<KeptBytes> kept_;
  const std::shared_ptr<EventStream> push_;
  const std::shared_ptr<Peer> peer_;
  struct Streams {
    std::map<std::size_t, std::shared_ptr<EventStream>> kept;
    std::size_t next = 1;  // a number is never used again: it stands in event ids
  };
  Guarded<Streams> streams_;
};

struct SessionLimits {
  std::size_t sessions_max = 1000;
  std::chrono::seconds idle_max{std::chrono::hours{4}};
  std::size_t kept_bytes_max = std::size_t{64} << 20;  // of events, in all sessions together
};

class SessionTable {
 public:
  SessionTable(McpServer& server, const SessionLimits& limits)
      : server_(server), limits_(limits), kept_(std::make_shared<KeptBytes>(limits.kept_bytes_max)) {}

  std::shared_ptr<LegacySession> open(const Principal& principal, Monotonic now);
  // Nothing if it is unknown, was idle for too long, is over, or another principal's.
  std::shared_ptr<LegacySession> find(const std::string& id, const Principal& principal, Monotonic now);
  void close(const std::shared_ptr<LegacySession>& session);
  void close_all();
  std::size_t size() const;
  std::size_t kept_bytes() const { return kept_->now; }

 private:
  struct Entry {
    std::shared_ptr<LegacySession> session;
    Monotonic last_used;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  bool expired(const Entry& entry, Monotonic now) const;
  static Entries::iterator longest_idle_of_largest_holder(Entries& entries);

  McpServer& server_;
  const SessionLimits limits_;
  const std::shared_ptr<KeptBytes> kept_;
  Guarded<Entries> entries_;
};

}  // namespace carillon::transport
