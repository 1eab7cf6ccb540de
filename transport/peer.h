// Peer: whoever sits at the other end: a stdio or socket connection, a legacy HTTP session, or one modern HTTP request.
//
// It keeps what has to outlive a message: the requests in flight (for cancellation), the legacy handshake, watched
// resources, and the questions we put to a legacy client. Modern requests use none of it but the first. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "server/base/guarded.h"
#include "transport/exchange.h"
#include "transport/json_rpc.h"
#include "transport/lane.h"
#include "transport/protocol.h"
#include "transport/request_context.h"

namespace carillon::transport {

class Peer {
 public:
  // stream: one pipe for everything. session: legacy HTTP. stateless: one HTTP request without a session.
  enum class Kind { stream, session, stateless };
  struct Limits {
    std::size_t requests_max = 1024;                        // in flight at once
    std::size_t request_bytes_max = std::size_t{64} << 20;  // of their texts together
    std::size_t running_max = 8;                            // on the executor at once; the others wait
    std::size_t watches_max = 1000;
    std::size_t late_max = 64;  // questions that outlive their requests
  };
  struct Handshake {
    Revision revision = kNewestLegacy;
    ClientInfo client;
    json capabilities = json::object();
  };
  enum class Admission { admitted, duplicate_id, full };
  using AnswerHandler = std::function<void(const json_rpc::Response&)>;

  // `push`: where messages go that belong to no request (legacy list changes); null if there is no such way.
  Peer(Kind kind, Principal principal, std::shared_ptr<MessageSink> push, Limits limits);

  Kind kind() const { return kind_; }
  const Principal& principal() const { return principal_; }

  // The zone of the client's host; told before the first message, if at all.
  void set_zone(std::string zone) { zone_ = std::move(zone); }
  const std::string& zone() const { return zone_; }

  void shake(Handshake handshake);
  std::optional<Handshake> handshake() const;
  void set_log_level(LogLevel level) { log_level_ = level; }
  LogLevel log_level() const { return log_level_; }
  // False: too many.
  bool watch(const std::string& uri);
  void unwatch(const std::string& uri);
  bool watches(const std::string& uri) const;
  std::vector<std::string> watched() const;

  // An id is free again as soon as its request was answered.
  Admission admit(const std::shared_ptr<Exchange>& exchange);
  void release(const Exchange& exchange);
  // Unknown and finished ids are ignored.
  void cancel(const json& request_id);
  // Requests that will have an answer; listening streams are not counted.
  std::size_t in_flight() const;
  Lane& lane() { return *lane_; }

  // Puts a request of ours to a legacy client on the stream of the exchange it belongs to, under the id that is
  // returned. The handler is called with the answer unless the exchange ends first.
  std::string ask(const std::shared_ptr<Exchange>& about, const InputRequest& request, AnswerHandler handler);
  // The answer is taken, too, when it comes after the exchange's end; of so many questions at once, and as long as the
  // other side is there. Nothing happens once it was answered.
  void keep_asking(const std::string& id);
  void answered(const json_rpc::Response& response);

  // False: there is no way for messages that belong to no request.
  bool takes_pushes() const { return push_ != nullptr; }
  void push(std::string text);
  // The other side is gone: everything in flight is cancelled.
  void close();
  bool closed() const;
  // Told when the other side has gone.
  std::stop_token gone() const { return gone_.get_token(); }

 private:
  struct Question {
    const Exchange* about;  // null: it outlives its request
    AnswerHandler handler;
  };
  struct State {
    std::optional<Handshake> handshake;
    std::set<std::string> watched;
    std::map<std::string, std::shared_ptr<Exchange>> in_flight;  // by the dumped id
    std::size_t request_bytes = 0;
    std::map<std::string, Question> questions;
    std::uint64_t next_question = 1;
    bool closed = false;
  };

  const Kind kind_;
  const Principal principal_;
  const std::shared_ptr<MessageSink> push_;
  const Limits limits_;
  std::stop_source gone_;
  std::string zone_;
  const std::shared_ptr<Lane> lane_;
  std::atomic<LogLevel> log_level_{LogLevel::info};
  Guarded<State> state_;
};

}  // namespace carillon::transport
