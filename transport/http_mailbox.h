// HttpMailbox: what other threads have for a loop of the HTTP server: connections that were accepted, connections whose
// answer is there, and the wish to stop. The loop waits on a descriptor and is woken only while it sleeps.
//
// Thread-safe; take() and fall_asleep() belong to the loop.
#pragma once

#include <cstdint>
#include <vector>

#include "server/base/guarded.h"
#include "server/process/unique_fd.h"

namespace carillon::transport {

class HttpMailbox {
 public:
  HttpMailbox();

  // A connection that has to be looked at; one that is gone already does no harm.
  void put(std::uint64_t connection);
  // A socket to be served.
  void put_socket(process::UniqueFd socket);
  void put_stop();
  void wake();

  struct Content {
    std::vector<std::uint64_t> connections;
    std::vector<process::UniqueFd> sockets;
    bool stop = false;
    bool empty() const { return connections.empty() && sockets.empty() && !stop; }
  };
  Content take();
  // False: there is something to take, so that the loop must not sleep. Else it is woken by what comes.
  bool fall_asleep();
  void wake_up();
  // Readable when the loop was woken, until clear().
  int fd() const { return fd_.get(); }
  void clear();

 private:
  struct State {
    Content content;
    bool asleep = false;
    bool called = false;
  };
  template <class Put>
  void put_with(Put&& put);

  const process::UniqueFd fd_;
  Guarded<State> state_;
};

}  // namespace carillon::transport
