// Courier: takes the letters of one kind that are due, has a channel send them, and writes what became of them. What
// the receiver did not take is tried again with growing waits; while nothing reaches a target, what else waits for it
// waits, too. Any number of couriers, of any processes, share the letters of a database.
//
// A courier that dies loses nothing: its letter is due again, under the same name, and its channel hears that nobody
// knows how the attempt before ended. run_once() is one round; start() and stop() belong to one thread, wake() to any.
#pragma once

#include <random>
#include <stop_token>

#include "server/delivery/channel.h"
#include "server/delivery/delivery_options.h"
#include "server/engine/post.h"
#include "server/worker/loop.h"

namespace carillon {

class Courier {
 public:
  Courier(Post& post, delivery::Channel& channel, const DeliveryOptions& options);

  void start();
  void wake() { loop_.wake(); }
  // Gives up what it is sending; that letter is tried again.
  void stop();

  // Sends one letter. false: there was none.
  bool run_once();

 private:
  void settle(const DueLetter& due, const delivery::Attempt& attempt);
  Duration wait_after(int attempt, const delivery::Attempt& failed);

  Post& post_;
  delivery::Channel& channel_;
  const DeliveryOptions options_;
  std::minstd_rand random_{std::random_device{}()};
  std::stop_source stop_;
  Loop loop_;
};

}  // namespace carillon
