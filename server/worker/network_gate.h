// NetworkGate: after a start or a wake, runs that are late anyway wait until the machine has a network.
//
// A laptop that is opened has none for some seconds, and a run that was missed in the night would spend its attempts on
// that. So the gate is shut by a start and by a wake where there is no network, and opens when there is one, or after
// the longest wait: then there may be none to wait for. What is on time never waits, nor what certainly needs no
// network.
//
// look() and shut() belong to one thread; the others may be asked by any.
#pragma once

#include <atomic>
#include <functional>

#include "server/base/clock.h"

namespace carillon {

// Is there an interface, besides the loopback, that is up and has an address?
bool has_network();

class NetworkGate {
 public:
  using Ask = std::function<bool()>;
  // Without a longest wait it is always open.
  NetworkGate(Ask ask, Duration longest) : ask_(std::move(ask)), longest_(longest) {}

  // The process has started, or the machine has slept: shut where there is no network. look() opens it.
  void shut(Monotonic now);
  // True: it has opened just now.
  bool look(Monotonic now);
  bool is_shut() const { return shut_; }
  Duration longest() const { return longest_; }

 private:
  const Ask ask_;
  const Duration longest_;
  std::atomic<bool> shut_{false};
  Monotonic opens_{};
};

}  // namespace carillon
