// Legacy sessions over HTTP: who holds which Mcp-Session-Id, and the event streams of a session, which may lose their
// connection and be resumed.
//
// Everything is bounded: sessions (the longest idle goes), streams of a session, events kept of a stream. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/guarded.h"
#include "transport/http_handler.h"
#include "transport/peer.h"
#include "transport/server.h"

namespace carillon::transport {

HttpResponse event_stream_head();
// One server-sent event; without an id where it is empty.
std::string event_text(std::string_view id, std::string_view data);

// The events of one stream, each with an id that names stream and place; kept for a client that comes back.
class EventStream {
 public:
  explicit EventStream(std::size_t number) : number_(number) {}

  void publish(std::string_view data);
  // No more events will come: whoever is attached, or comes later, gets what there is and then the end.
  void finish();
  bool finished() const;
  // Sends events after `after` (0: from the beginning) to this reply from now on; an earlier reply ends. With
  // `primed` the first event has an id and no data, so that the client can come back before anything happened.
  enum class Start { plain, primed };
  void attach(std::shared_ptr<HttpReply> reply, std::size_t after, Start start);
  // Ends the reply, not the stream. The client is told to come back after `retry`.
  void detach(std::chrono::milliseconds retry);

 private:
  struct Event {
    std::size_t place;
    std::string data;
  };
  std::string id_of(std::size_t place) const;

  const std::size_t number_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::size_t last_place_ = 1;  // place 1 is the priming event
  std::shared_ptr<HttpReply> attached_;
  bool finished_ = false;
};

class LegacySession {
 public:
  LegacySession(std::string id, McpServer& server, Principal principal);

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

 private:
  const std::string id_;
  const std::shared_ptr<EventStream> push_;
  const std::shared_ptr<Peer> peer_;
  Guarded<std::map<std::size_t, std::shared_ptr<EventStream>>> streams_;
};

class SessionTable {
 public:
  SessionTable(McpServer& server, std::size_t sessions_max, std::chrono::seconds idle_max)
      : server_(server), sessions_max_(sessions_max), idle_max_(idle_max) {}

  std::shared_ptr<LegacySession> open(const Principal& principal);
  // Nothing if it is unknown, over, or another principal's.
  std::shared_ptr<LegacySession> find(const std::string& id, const Principal& principal);
  void close(const std::shared_ptr<LegacySession>& session);
  void close_all();
  std::size_t size() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Entry {
    std::shared_ptr<LegacySession> session;
    Time last_used;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  McpServer& server_;
  const std::size_t sessions_max_;
  const std::chrono::seconds idle_max_;
  Guarded<Entries> entries_;
};

}  // namespace carillon::transport
