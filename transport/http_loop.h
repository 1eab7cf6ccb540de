// HttpLoop: one of the few loops that share the connections of the HTTP server. epoll tells which have something to
// do; handlers run on the loop's thread as loans (relay.h), so that one that waits holds up nobody.
//
// Other threads reach it through its mailbox only.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>

#include "server/process/unique_fd.h"
#include "transport/http_connection.h"
#include "transport/http_mailbox.h"
#include "transport/relay.h"

namespace carillon::transport {

class HttpLoop final : public Relay::Loop {
 public:
  // Where connections come from, and how many there may be; shared by all loops.
  class Door {
   public:
    virtual ~Door() = default;
    // Somebody knocks at the listening socket. paused: nobody can be let in for a while.
    enum class Opened { yes, paused };
    virtual Opened open() = 0;
    // Whether one more connection may be kept; it is counted until leave().
    virtual bool enter() = 0;
    virtual void leave() = 0;
  };

  HttpLoop(const HttpLimits& limits, const HttpApp& app, Door& door);

  // This loop opens the door whenever somebody knocks at `listener`. Before it starts.
  void watch(int listener);
  HttpMailbox& mailbox() { return *around_.mailbox; }

  Round round() override;

 private:
  using Time = HttpConnection::Time;
  enum class Counted { yes, no };
  struct Entry {
    std::unique_ptr<HttpConnection> connection;
    Counted counted;
  };
  using Connections = std::unordered_map<std::uint64_t, Entry>;

  void loan_returned() override;
  void take_mail();
  void adopt(process::UniqueFd socket);
  bool make_room();
  Round serve(std::uint64_t id);
  void keep_waiting(std::uint64_t id);
  void drop(Connections::iterator entry);
  void look_at_deadlines();
  void wait();
  void open_door();
  void close_all();

  HttpConnection::Surroundings around_;
  Door& door_;
  const process::UniqueFd epoll_;
  Connections connections_;
  std::uint64_t next_id_;
  std::deque<std::uint64_t> ready_;    // to be served in this order
  std::deque<std::uint64_t> waiting_;  // have a request, and wait until work may be lent out
  std::atomic<bool> someone_waits_{false};
  std::size_t refused_ = 0;  // connections that are not counted
  int listener_ = -1;
  Time open_again_ = Time::max();
  Time now_{};
  Time next_look_ = Time::max();  // at the deadlines; none lies before it
  bool stopping_ = false;
};

}  // namespace carillon::transport
